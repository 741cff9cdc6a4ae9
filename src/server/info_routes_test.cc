// GET info and models, POST tokenize over loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "testutil/environment.h"
#include "testutil/test_server.h"

namespace pellucid::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(InfoRoutesTest, InfoSaysWhatThePageNeeds) {
  TestServer server;
  const auto result = server.Get("/api/v1/info");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->status, 200);
  const TestJson json(result->body);
  EXPECT_EQ(json.Text("/schema"), "pellucid.info/1");
  EXPECT_EQ(json.Int("/model/n_heads"), 2);
  EXPECT_EQ(json.Int("/model/context"), 16);
  EXPECT_EQ(json.Int("/serve/max_tokens"), 2048);
  EXPECT_EQ(json.Size("/serve/lenses"), 1u);
  EXPECT_EQ(json.Text("/serve/lenses/0"), "logit");
  EXPECT_FALSE(json.Has("/sites"));
  const TestJson more(server.Get("/api/v1/info?sites=true&tensors=true")->body);
  EXPECT_GT(more.Size("/sites"), 10u);
  EXPECT_GT(more.Size("/tensors"), 10u);
  for (const char* query : {"model=other", "sites=1", "nothing=true"}) {
    EXPECT_EQ(server.Get(std::string("/api/v1/info?") + query)->status, 400);
  }
}

TEST(InfoRoutesTest, TokenizeFollowsTheTokenizer) {
  TestServer server;
  const auto result =
      server.Post("tokenize", R"({"text": "abc a", "bos": "always"})");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->status, 200) << result->body;
  const TestJson json(result->body);
  EXPECT_EQ(json.Int("/ids/0"), 0);
  EXPECT_EQ(json.Text("/tokens/1/text"), "ab");
  EXPECT_EQ(json.Text("/tokens/3/text"), " a");
  EXPECT_EQ(server.Post("tokenize", "{\"text\": \"\xc3\"}")->status, 400);
}

TEST(InfoRoutesTest, ModelsOfTheCacheCanBeChosenByName) {
  const testutil::TempDir home;
  const std::string models = home.path() + "/models";
  std::filesystem::create_directories(models);
  const testutil::ScopedEnvironment set("PELLUCID_HOME", home.path());
  const testutil::ScopedEnvironment cache("HF_HUB_CACHE", home.path() + "/hub");
  TestServer server;
  std::filesystem::copy_file(testutil::WriteTextModel(home, true),
                             models + "/other.gguf");
  std::filesystem::copy_file(models + "/other.gguf", models + "/broken.gguf");
  std::filesystem::resize_file(models + "/broken.gguf", 100);

  const auto result = server.Get("/api/v1/models");
  ASSERT_TRUE(result);
  const TestJson json(result->body);
  ASSERT_EQ(json.Size("/models"), 2u) << result->body;
  EXPECT_EQ(json.Text("/models/1/ref"), "other.gguf");
  EXPECT_EQ(json.Text("/models/1/architecture"), "llama");
  EXPECT_EQ(json.Text("/default"), json.Text("/models/0/ref"));
  EXPECT_THAT(result->body, Not(HasSubstr(models)));

  const std::string body = R"({"text": "ab", "model": "other.gguf"})";
  const auto lens = server.Post("lens", body);
  ASSERT_EQ(lens->status, 200) << lens->body;
  EXPECT_EQ(TestJson(lens->body).Text("/model/ref"), "other.gguf");
  // It is open, and stays usable when its file goes.
  std::filesystem::remove(models + "/other.gguf");
  EXPECT_EQ(server.Post("lens", body)->status, 200);

  const auto broken =
      server.Post("lens", R"({"text": "ab", "model": "broken.gguf"})");
  EXPECT_EQ(broken->status, 422);
  EXPECT_EQ(CodeOf(broken), "model");
  EXPECT_THAT(broken->body, Not(HasSubstr(home.path())));
  EXPECT_THAT(broken->body, HasSubstr("broken.gguf"));
}

}  // namespace
}  // namespace pellucid::server
