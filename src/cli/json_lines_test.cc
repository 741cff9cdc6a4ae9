#include "cli/json_lines.h"

#include <gtest/gtest.h>

namespace pellucid::cli {
namespace {

using Ids = std::vector<TokenId>;

TEST(JsonLinesTest, APromptIsAStringOrAnObject) {
  EXPECT_EQ(ParsePromptLine(R"("a\n\u00e9")")->text, "a\n\xc3\xa9");
  EXPECT_EQ(ParsePromptLine(R"( {"text": "b", "n": 1} )")->text, "b");
  const auto ids = ParsePromptLine(R"({"ids": [0, 2147483647]})");
  EXPECT_EQ(ids->text, std::nullopt);
  EXPECT_EQ(ids->ids, (Ids{0, 2147483647}));
  EXPECT_EQ(ParsePromptLine("\"\"\r")->text, "");
}

TEST(JsonLinesTest, WhatIsNoPromptIsRefused) {
  for (const std::string_view line :
       {"", "  ", "abc", "\"a", "1", "null", "[1, 2]", "{}", "{\"text\": 1}",
        "{\"text\": \"a\", \"ids\": [1]}", "{\"ids\": 1}", "{\"ids\": [-1]}",
        "{\"ids\": [1.5]}", "{\"ids\": [2147483648]}", "{\"ids\": [\"1\"]}",
        "\"a\" \"b\"", "\"\\ud800\"", "\"\xff\""}) {
    const auto parsed = ParsePromptLine(line);
    ASSERT_FALSE(parsed.ok()) << line;
    EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
  }
  EXPECT_EQ(ParsePromptLine("\"a\xff\"").error().message,
            "invalid UTF-8 at byte 2; save the file as UTF-8");
}

TEST(JsonLinesTest, RecordsOfTheTokenizer) {
  EXPECT_EQ(ParseStringLine("\" a\"").value(), " a");
  EXPECT_FALSE(ParseStringLine("[1]").ok());
  EXPECT_EQ(ParseIdsLine("[1, 2]").value(), (Ids{1, 2}));
  EXPECT_EQ(ParseIdsLine("[]").value(), Ids{});
  EXPECT_FALSE(ParseIdsLine("\"a\"").ok());
}

TEST(JsonLinesTest, AContrastIsTwoTexts) {
  const auto pair =
      ParseContrastLine(R"({"plus": "good", "minus": "", "topic": 3})");
  ASSERT_TRUE(pair.ok()) << pair.error().message;
  EXPECT_EQ(pair->plus, "good");
  EXPECT_EQ(pair->minus, "");
  for (const char* line : {R"({"plus": "a"})", R"({"plus": "a", "minus": 1})",
                           R"(["a", "b"])", "\"a\""}) {
    EXPECT_EQ(ParseContrastLine(line).error().message,
              "no pair of texts; write {\"plus\": \"...\", \"minus\": "
              "\"...\"}")
        << line;
  }
  EXPECT_FALSE(ParseContrastLine("{").ok());
}

TEST(JsonLinesTest, ErrorsNameTheLine) {
  const Error error = AtLine("lens", "f.jsonl", 3, UsageError("bad; fix it"));
  EXPECT_EQ(error.code, ErrorCode::kUsage);
  EXPECT_EQ(error.message, "lens: f.jsonl line 3: bad; fix it");
  const auto said = [](std::string message) {
    return AtLine("lens", "f.jsonl", 3, UsageError(std::move(message))).message;
  };
  EXPECT_EQ(said("run: prompt: too long; cut it"),
            "lens: f.jsonl line 3: prompt: too long; cut it");
  EXPECT_EQ(said("lens: f.jsonl line 3: is empty; fill it"),
            "lens: f.jsonl line 3: is empty; fill it");
  EXPECT_EQ(said("\"text\" is no string; write {\"text\": \"...\"}"),
            "lens: f.jsonl line 3: \"text\" is no string; write {\"text\": "
            "\"...\"}");
  EXPECT_EQ(said("no prompt: none"), "lens: f.jsonl line 3: no prompt: none");
}

}  // namespace
}  // namespace pellucid::cli
