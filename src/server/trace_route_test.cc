// POST /api/v1/trace over loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testutil/test_server.h"
#include "trace/trace_writer.h"

namespace pellucid::server {
namespace {

using ::testing::HasSubstr;

// The file of a trace of the same run.
std::string FileOf(const TestServer& server, const std::string& sites) {
  const auto model = Model::Open(server.dir() / "text.gguf", {.threads = 1});
  const std::vector<TokenId> ids = {2, 3};
  const Trace trace = model->Run(ids, {.sites = {sites}}).value();
  std::string bytes;
  EXPECT_TRUE(WriteTraceSafetensors(
                  trace, {std::nullopt, model->info().ref, 0},
                  [&](std::span<const std::byte> part) -> Status {
                    bytes.append(reinterpret_cast<const char*>(part.data()),
                                 part.size());
                    return {};
                  })
                  .ok());
  return bytes;
}

TEST(TraceRouteTest, AnswersWithTheFileOfTheCommand) {
  TestServer server;
  const auto result =
      server.Post("trace", R"({"ids": [2, 3], "sites": ["model.layers.*"]})");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->status, 200) << result->body;
  EXPECT_EQ(result->get_header_value("Content-Type"),
            "application/octet-stream");
  EXPECT_EQ(result->body, FileOf(server, "model.layers.*"));
}

TEST(TraceRouteTest, AnswersWithNpzOrJson) {
  TestServer server;
  const auto npz = server.Post(
      "trace", R"({"text": "ab", "sites": ["embed"], "format": "npz"})");
  ASSERT_TRUE(npz);
  EXPECT_EQ(npz->body.substr(0, 2), "PK");
  const auto result = server.Post(
      "trace", R"({"ids": [2, 3, 4], "sites": ["embed", "blocks.0.hook_z"],
                   "format": "json"})");
  EXPECT_EQ(result->status, 400) << "hook_z is below attn";
  const auto json = server.Post(
      "trace",
      R"({"ids": [2, 3, 4], "sites": ["embed", "blocks.1.attn.hook_pattern"],
          "format": "json"})");
  ASSERT_TRUE(json);
  ASSERT_EQ(json->status, 200) << json->body;
  const TestJson document(json->body);
  EXPECT_EQ(document.Size("/tensors/embed/data"), 24u);
  EXPECT_EQ(document.Int("/tensors/embed/shape/1"), 8);
  EXPECT_EQ(document.Size("/tensors/blocks.1.attn.hook_pattern/data"), 18u);
  EXPECT_TRUE(document.At("/text").is_null());
}

TEST(TraceRouteTest, LargeTracesAndWrongSitesAreRefused) {
  ServerOptions options;
  options.limits.trace_bytes = 400;
  options.limits.json_numbers = 20;
  TestServer server(options);
  const auto problem = [&](const std::string& more) {
    const auto result =
        server.Post("trace", R"({"ids": [2, 3, 4])" + more + "}");
    EXPECT_EQ(result->status, 400) << result->body;
    return result->body;
  };
  EXPECT_THAT(problem(R"(, "sites": ["all"])"), HasSubstr("more than the 100"));
  EXPECT_THAT(problem(R"(, "sites": ["embed"], "format": "json")"),
              HasSubstr("24 numbers are more than the 20"));
  EXPECT_THAT(problem(R"(, "sites": ["embedd"])"), HasSubstr("embed"));
  EXPECT_THAT(problem(""), HasSubstr("sites"));
}

TEST(TraceRouteTest, EditsAreRecorded) {
  TestServer server;
  const auto result =
      server.Post("trace",
                  R"({"ids": [2], "sites": ["embed"], "format": "json",
          "edits": [{"site": "embed", "kind": "zero"}]})");
  ASSERT_TRUE(result);
  const TestJson document(result->body);
  EXPECT_EQ(document.Int("/edits"), 1);
  for (std::size_t i = 0; i < document.Size("/tensors/embed/data"); ++i) {
    EXPECT_EQ(document.Float("/tensors/embed/data/" + std::to_string(i)), 0);
  }
}

}  // namespace
}  // namespace pellucid::server
