// POST /api/v1/lens over loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <future>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "pellucid/lens.h"
#include "testutil/test_server.h"

namespace pellucid::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;

// The numbers of a packed array.
template <typename T>
std::vector<T> Unpack(const std::string& base64) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : base64) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 255);
  }
  std::vector<T> out(bytes.size() / sizeof(T));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(T));
  return out;
}

std::string WithoutTimes(const std::string& json) {
  return std::regex_replace(json, std::regex(R"(_ms":\s*[0-9.]+)"), "_ms\":0");
}

TEST(LensRouteTest, AnswersWithTheLens) {
  TestServer server;
  const auto result = server.Post(
      "lens", R"({"text": "abcd", "top_k": 3, "targets": [" a", "id=4"]})");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->status, 200) << result->body;
  EXPECT_EQ(result->get_header_value("Content-Type"), "application/json");
  const TestJson json(result->body);
  EXPECT_EQ(json.Text("/schema"), "pellucid.lens/1");
  EXPECT_EQ(json.Size("/rows"), 3u);
  EXPECT_EQ(json.Size("/rows/0/cells/0/top"), 3u);
  EXPECT_EQ(json.Size("/targets"), 2u);
  EXPECT_EQ(json.Text("/input/text"), "abcd");
  EXPECT_EQ(json.Float("/checks/max_abs_last_row_minus_logits"), 0.0f);
}

// Servers of two folders.
std::string WithoutPath(const std::string& json) {
  return std::regex_replace(json, std::regex("pellucid_test_[^/]*"), "");
}

// Some of the answer is then of the run before.
TEST(LensRouteTest, AnswersTheSameWhateverWasAskedBefore) {
  for (const std::string stream : {"false", "true"}) {
    const auto ask = [&](TestServer& server, const std::string& ids) {
      const auto result =
          server.Post("lens", R"({"top_k": 3, "targets": ["id=4"], "ids": )" +
                                  ids + R"(, "stream": )" + stream + "}");
      EXPECT_TRUE(result && result->status == 200) << ids;
      return result ? WithoutPath(WithoutTimes(result->body)) : "";
    };
    TestServer one, other;
    ask(one, "[2,3,4,5,6]");
    EXPECT_EQ(ask(one, "[2,3,4,5]"), ask(other, "[2,3,4,5]")) << stream;
    ask(other, "[1]");
    EXPECT_EQ(ask(one, "[2,3,4,5]"), ask(other, "[2,3,4,5]")) << stream;
  }
}

TEST(LensRouteTest, StreamsBlocksThatMakeTheSameLens) {
  TestServer server;
  const auto result =
      server.Post("lens",
                  R"({"ids": [2,3,4,5,6,7,8,9], "top_k": 2, "targets": ["id=4"],
          "stream": true})");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->status, 200) << result->body;
  EXPECT_EQ(result->get_header_value("Content-Type"), "application/x-ndjson");
  const auto lines = Lines(result->body);
  ASSERT_GE(lines.size(), 3u);
  const TestJson head(lines.front());
  EXPECT_EQ(head.Text("/kind"), "lens");
  EXPECT_EQ(head.Size("/run/rows"), 3u);
  EXPECT_EQ(head.Size("/run/blocks"), 0u);
  EXPECT_EQ(head.Int("/run/top_k"), 2);
  EXPECT_FALSE(head.Has("/run/summary"));
  const TestJson end(lines.back());
  EXPECT_TRUE(end.Get<bool>("/done"));
  EXPECT_EQ(end.Size("/summary"), 3u);
  EXPECT_EQ(end.Size("/target_layers"), 1u);

  const TestJson whole(
      server
          .Post(
              "lens",
              R"({"ids": [2,3,4,5,6,7,8,9], "top_k": 2, "targets": ["id=4"]})")
          ->body);
  std::size_t next = 0;  // position
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    const TestJson block(lines[i]);
    const auto positions =
        Unpack<std::uint16_t>(block.Text("/block/positions/u16"));
    const auto logits = Unpack<float>(block.Text("/block/top_logit/f32"));
    const auto target = Unpack<float>(block.Text("/block/target_logit/f32"));
    ASSERT_EQ(logits.size(), 3 * positions.size() * 2);
    for (std::size_t p = 0; p < positions.size(); ++p) {
      EXPECT_EQ(positions[p], next + p);
      for (std::size_t row = 0; row < 3; ++row) {
        const std::string cell = "/rows/" + std::to_string(row) + "/cells/" +
                                 std::to_string(next + p);
        const std::size_t at = row * positions.size() + p;
        EXPECT_EQ(logits[at * 2], whole.Float(cell + "/top/0/logit"));
        EXPECT_EQ(target[at], whole.Float(cell + "/targets/0/logit"));
      }
    }
    next += positions.size();
  }
  EXPECT_EQ(next, 8u);
}

TEST(LensRouteTest, MessagesGoThroughTheChatTemplate) {
  TestServer server(ServerOptions{},
                    "{% for m in messages %}{{ m['content'] }}{% endfor %}"
                    "{% if add_generation_prompt %}a{% endif %}");
  const auto result = server.Post(
      "lens", R"({"messages": [{"role": "user", "content": "bc"}]})");
  ASSERT_TRUE(result);
  ASSERT_EQ(result->status, 200) << result->body;
  const TestJson json(result->body);
  EXPECT_EQ(json.Text("/input/text"), "bca");
  EXPECT_EQ(json.Text("/input/turns/0/role"), "user");
}

TEST(LensRouteTest, EditsAndWhatIfChangeTheRun) {
  TestServer server;
  const auto run = [&](const std::string& more) {
    const auto result = server.Post("lens", R"({"text": "abcd")" + more + "}");
    EXPECT_EQ(result->status, 200) << result->body;
    return WithoutTimes(result->body);
  };
  const std::string clean = run("");
  EXPECT_EQ(clean, run(R"(, "edits": [], "what_if": [])"));
  for (const char* what :
       {R"({"do": "zero_head", "layer": 0, "head": 1})",
        R"({"do": "patch", "from": "dcba", "site": "attn_out", "layer": 0,
            "position": -1, "from_position": 0})",
        R"({"do": "steer", "plus": "a", "minus": "b", "layer": 0,
            "scale": 3})",
        R"({"do": "steer", "plus": "a", "layer": 0})"}) {
    const std::string changed =
        run(std::string(R"(, "what_if": [)") + what + "]");
    EXPECT_NE(changed, clean) << what;
    EXPECT_THAT(changed, HasSubstr("\"edits\":1")) << what;
  }
  // A head that is zeroed by an edit is the same head.
  const std::string as_edit = run(
      R"(, "edits": [{"site": "blocks.0.attn.hook_z", "kind": "zero",
                      "heads": [1]}])");
  EXPECT_EQ(as_edit, run(R"(, "what_if": [{"do": "zero_head", "layer": 0,
                                           "head": 1}])"));
  // What is taken from the same prompt changes no bit.
  std::string same = run(R"(, "what_if": [{"do": "patch", "from": "abcd",
                                           "layer": 1, "position": 2}])");
  const std::string edits = ",\"edits\":1";
  ASSERT_NE(same.find(edits), std::string::npos);
  same.erase(same.find(edits), edits.size());
  EXPECT_EQ(same, clean);
}

TEST(LensRouteTest, WhatCannotBeIsRefusedInOneLine) {
  TestServer server;
  for (const char* body :
       {R"({"text": ""})", R"({"ids": [99]})", R"({"ids": []})",
        R"({"text": "a", "layers": "7"})", R"({"text": "a", "top_k": 20})",
        R"({"text": "a", "positions": "3"})",
        R"({"text": "a", "targets": ["abc"]})",
        R"({"text": "a", "targets": ["id=x"]})",
        R"({"text": "a", "model": "/etc/passwd"})",
        R"({"text": "a", "model": "no/such"})",
        R"({"text": "a", "edits": [{"site": "nowhere", "kind": "zero"}]})",
        R"({"text": "a", "edits": [{"site": "embed", "kind": "replace",
            "values": {"file": "/etc/passwd", "tensor": "x"}}]})",
        R"({"text": "a", "what_if": [{"do": "zero_head", "layer": 9,
            "head": 0}]})",
        R"({"text": "a", "what_if": [{"do": "zero_head", "layer": 0,
            "head": 9}]})",
        R"({"text": "a", "what_if": [{"do": "patch", "from": "b", "layer": 0,
            "position": 5}]})"}) {
    const auto result = server.Post("lens", body);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 400) << body << result->body;
    EXPECT_EQ(CodeOf(result), "usage") << body;
    EXPECT_THAT(result->body, Not(HasSubstr(server.dir().path()))) << body;
  }
  // A model without a chat template.
  EXPECT_EQ(server
                .Post("lens", R"({"messages": [{"role": "user",
                                                  "content": "a"}]})")
                ->status,
            422);
}

TEST(LensRouteTest, PromptsAndAnswersAreBounded) {
  ServerOptions options;
  options.limits.max_tokens = 4;
  options.limits.scores = 200;
  TestServer server(options);
  EXPECT_THAT(server.Post("lens", R"({"ids": [2,3,4,5,6]})")->body,
              HasSubstr("more than the 4 that this server takes"));
  EXPECT_THAT(server.Post("lens", R"({"ids": [2,3,4,5], "top_k": 19})")->body,
              HasSubstr("more than the 200 numbers"));
  EXPECT_EQ(server.Post("lens", R"({"ids": [2,3,4,5], "top_k": 2})")->status,
            200);
}

TEST(LensRouteTest, FiftyClientsAtOnceAreAllServed) {
  TestServer server;
  const std::string body = R"({"text": "abcd", "stream": true})";
  const std::string expected = WithoutTimes(server.Post("lens", body)->body);
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 50; ++i) {
    answers.push_back(std::async(std::launch::async, [&] {
      const auto result = server.Post("lens", body);
      return result ? WithoutTimes(result->body) : std::string("no answer");
    }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), expected);
}

}  // namespace
}  // namespace pellucid::server
