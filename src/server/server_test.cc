#include "server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "testutil/test_server.h"

namespace pellucid::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

// Work that takes seconds unless it is stopped: thousands of tokens to write.
std::string LongBody() {
  return R"({"text": "ab", "max_tokens": 1000000, "ignore_eos": true})";
}

// A model whose context lets a generation run for long.
std::string WriteLongModel(const testutil::TempDir& dir) {
  return testutil::WriteTextModel(dir, false, {}, 100'000);
}

ServerOptions LongOptions() {
  ServerOptions options;
  options.limits.max_tokens = 1'000'000;
  return options;
}

bool WaitFor(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return false;
}

TEST(ServerTest, SaysWhereItIs) {
  TestServer server;
  EXPECT_EQ(server.server().url(),
            "http://127.0.0.1:" + std::to_string(server.port()) + "/");
  EXPECT_EQ(server.server().token(), "");
}

TEST(ServerTest, BeyondLoopbackThereIsAToken) {
  const testutil::TempDir dir;
  const auto model = Model::Open(testutil::WriteTextModel(dir));
  ServerOptions options;
  options.host = "0.0.0.0";
  const auto server = Server::Make(*model, 0, options);
  ASSERT_TRUE(server.ok());
  EXPECT_EQ(server->url(), "http://0.0.0.0:" + std::to_string(server->port()) +
                               "/#token=" + server->token());
  EXPECT_EQ(server->token().size(), 32u);
}

TEST(ServerTest, AClientThatHangsUpFreesItsWork) {
  TestServer server(WriteLongModel, LongOptions());
  {
    RawClient client(server.port());
    client.Send(RawPost(server.port(), "generate", LongBody()));
    EXPECT_THAT(client.Read(1), HasSubstr("200 OK"));
  }
  // The promise is 100 ms; a machine under test may be busy.
  const auto start = steady_clock::now();
  const auto result = server.Post("lens", R"({"text": "abcd"})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  EXPECT_LT(steady_clock::now() - start, milliseconds(1000));
}

TEST(ServerTest, ThoseThatWaitGiveUpTheirTurnToo) {
  TestServer server(WriteLongModel, LongOptions());
  RawClient running(server.port());
  running.Send(RawPost(server.port(), "generate", LongBody()));
  running.Read(1);
  {
    RawClient waiting(server.port());
    waiting.Send(RawPost(server.port(), "lens", R"({"text": "ab"})"));
    EXPECT_TRUE(WaitFor([&] { return server.server().waiting() == 1; }));
  }
  EXPECT_TRUE(WaitFor([&] { return server.server().waiting() == 0; }));
}

TEST(ServerTest, TooManyRequestsAreToldToComeBack) {
  ServerOptions options = LongOptions();
  options.limits.waiting = 1;
  TestServer server(WriteLongModel, options);
  RawClient running(server.port()), waiting(server.port());
  running.Send(RawPost(server.port(), "generate", LongBody()));
  running.Read(1);
  waiting.Send(RawPost(server.port(), "lens", R"({"text": "ab"})"));
  ASSERT_TRUE(WaitFor([&] { return server.server().waiting() == 1; }));
  const auto result = server.Post("lens", R"({"text": "ab"})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 503);
  EXPECT_EQ(CodeOf(result), "busy");
  EXPECT_FALSE(result->get_header_value("Retry-After").empty());
  // What needs no turn is answered all the same.
  EXPECT_EQ(server.Post("tokenize", R"({"text": "ab"})")->status, 200);
  EXPECT_EQ(server.Get("/api/v1/info")->status, 200);
}

TEST(ServerTest, RunsEndAtTheirTime) {
  ServerOptions options = LongOptions();
  options.limits.run_time = std::chrono::seconds(1);
  TestServer server(WriteLongModel, options);
  const auto result = server.Post("generate", LongBody());
  ASSERT_TRUE(result);
  EXPECT_THAT(result->body, HasSubstr("event: error"));
  EXPECT_THAT(result->body, HasSubstr("\"code\":\"timeout\""));
}

TEST(ServerTest, StopsWhateverRuns) {
  TestServer server(WriteLongModel, LongOptions());
  RawClient client(server.port());
  client.Send(RawPost(server.port(), "generate", LongBody()));
  client.Read(1);
  const auto start = steady_clock::now();
  server.Stop();
  EXPECT_LT(steady_clock::now() - start, milliseconds(1000));
}

TEST(ServerTest, ASlowReaderHoldsUpNobody) {
  TestServer server(WriteLongModel, LongOptions());
  RawClient slow(server.port());
  slow.Send(RawPost(
      server.port(), "trace",
      R"({"ids": [2,3,4,5,6,7,8,9], "sites": ["all"], "format": "json"})"));
  const auto result = server.Post("lens", R"({"text": "abcd"})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
}

}  // namespace
}  // namespace pellucid::server
