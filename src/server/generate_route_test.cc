// POST /api/v1/generate over loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "pellucid/generate.h"
#include "testutil/test_server.h"

namespace pellucid::server {
namespace {

using ::testing::HasSubstr;

// (event, data) of each event.
std::vector<std::pair<std::string, std::string>> Events(
    const std::string& text) {
  std::vector<std::pair<std::string, std::string>> events;
  const auto lines = Lines(text);
  for (std::size_t i = 0; i + 2 < lines.size() + 1; i += 3) {
    EXPECT_THAT(lines[i], ::testing::StartsWith("event: "));
    EXPECT_THAT(lines[i + 1], ::testing::StartsWith("data: "));
    if (i + 2 < lines.size()) {
      EXPECT_EQ(lines[i + 2], "");
    }
    events.emplace_back(lines[i].substr(7), lines[i + 1].substr(6));
  }
  return events;
}

TEST(GenerateRouteTest, StreamsTokensThatMakeTheText) {
  TestServer server;
  const auto result =
      server.Post("generate", R"({"text": "abcd", "max_tokens": 6})");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->status, 200) << result->body;
  EXPECT_EQ(result->get_header_value("Content-Type"), "text/event-stream");
  const auto events = Events(result->body);
  ASSERT_GE(events.size(), 2u);
  EXPECT_EQ(events.back().first, "done");

  const auto model = Model::Open(server.dir() / "text.gguf", {.threads = 1});
  const auto ids = model->tokenizer()->Encode("abcd")->ids;
  const Generation made = Generate(*model, ids, {.max_tokens = 6}).value();
  ASSERT_EQ(events.size(), made.tokens.size() + 1);
  std::string text;
  for (std::size_t i = 0; i < made.tokens.size(); ++i) {
    EXPECT_EQ(events[i].first, "token");
    const TestJson token(events[i].second);
    EXPECT_EQ(token.Int("/id"), made.tokens[i].id);
    EXPECT_EQ(token.Float("/logprob"), made.tokens[i].logprob);
    text += token.Text("/text");
  }
  EXPECT_EQ(text, made.text);
  const TestJson done(events.back().second);
  EXPECT_EQ(done.Text("/text"), made.text);
  EXPECT_EQ(done.Text("/finish"), FinishReasonName(made.finish));
}

TEST(GenerateRouteTest, SeedsRepeat) {
  TestServer server;
  const std::string body =
      R"({"text": "ab", "max_tokens": 8, "seed": 7, "temperature": 2})";
  const std::string one = server.Post("generate", body)->body;
  EXPECT_EQ(one, server.Post("generate", body)->body);
  EXPECT_NE(one, server
                     .Post("generate",
                           R"({"text": "ab", "max_tokens": 8, "seed": 8,
                               "temperature": 2})")
                     ->body);
}

TEST(GenerateRouteTest, LengthsAreBounded) {
  ServerOptions options;
  options.limits.max_tokens = 5;
  TestServer server(options);
  const auto result =
      server.Post("generate", R"({"text": "ab", "max_tokens": 6})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 400);
  EXPECT_THAT(result->body, HasSubstr("more than the 5"));
}

TEST(GenerateRouteTest, WhatIfHoldsForWhatIsWritten) {
  TestServer server;
  const auto clean =
      server.Post("generate", R"({"text": "abcd", "max_tokens": 4})");
  const auto steered = server.Post("generate",
                                   R"({"text": "abcd", "max_tokens": 4,
          "what_if": [{"do": "steer", "plus": "a", "minus": "h", "layer": 1,
                       "scale": 50}]})");
  ASSERT_TRUE(steered);
  EXPECT_EQ(steered->status, 200) << steered->body;
  EXPECT_NE(steered->body, clean->body);
}

}  // namespace
}  // namespace pellucid::server
