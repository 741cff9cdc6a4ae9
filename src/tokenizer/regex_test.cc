#include "tokenizer/regex.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

Texts FindAll(std::string_view pattern, std::string_view text) {
  const auto regex = Regex::Compile(pattern);
  EXPECT_TRUE(regex.ok()) << regex.error().message;
  Texts texts;
  TextBudget budget(text.size());
  for (const MatchSpan& span : regex->FindAll(text, budget).value()) {
    texts.emplace_back(text.substr(span.begin, span.end - span.begin));
  }
  return texts;
}

std::string ErrorOf(std::string_view pattern, std::string_view text = "") {
  const auto regex = Regex::Compile(pattern);
  if (!regex.ok()) return regex.error().message;
  TextBudget budget(text.size());
  const auto matches = regex->FindAll(text, budget);
  return matches.ok() ? "no error" : matches.error().message;
}

TEST(RegexTest, FindsFromLeftToRight) {
  EXPECT_THAT(FindAll("[0-9]{2}", "12345 67"), ElementsAre("12", "34", "67"));
  EXPECT_THAT(FindAll("x", "abc"), IsEmpty());
  EXPECT_THAT(FindAll("\\p{Han}+", "a\u6771\u4eac1"),
              ElementsAre("\u6771\u4eac"));
}

// formats 6.10, "empty matches".
TEST(RegexTest, AnEmptyMatchCountsOnceAPlace) {
  EXPECT_THAT(FindAll("\\p{L}*", "ab1"), ElementsAre("ab", ""));
  EXPECT_THAT(FindAll("(?=b)", "abb"), ElementsAre("", ""));
  EXPECT_THAT(FindAll("", "\u00e9"), ElementsAre("", ""));
  EXPECT_THAT(FindAll("", ""), ElementsAre(""));
}

// What sets Oniguruma apart: {n,m}+ is no possessive repeat, $ ends a line,
// sets nest, and (?W) belongs to its own syntax.
TEST(RegexTest, SyntaxIsOnigurumas) {
  EXPECT_THAT(FindAll("[0-9]{1,3}+", "123456"), ElementsAre("123456"));
  EXPECT_THAT(FindAll(" $", "a \nb "), ElementsAre(" ", " "));
  EXPECT_THAT(FindAll("[a[bc]]+", "abcd"), ElementsAre("abc"));
  EXPECT_THAT(FindAll("(?W:\\w)", "\u00e9a"), ElementsAre("a"));
}

TEST(RegexTest, InvalidPatternsAreQuoted) {
  EXPECT_EQ(ErrorOf("(a"),
            "the pattern \"(a\" is not valid: end pattern with unmatched "
            "parenthesis");
  EXPECT_THAT(ErrorOf("\\p{Nothing}"),
              HasSubstr("is not valid: invalid character property name"));
  EXPECT_THAT(ErrorOf(std::string(16'385, 'a')),
              HasSubstr("has 16385 bytes, at most 16384 are supported"));
  const std::string deep(300, '(');
  EXPECT_THAT(ErrorOf(deep), HasSubstr("is not valid: "));
}

// Each would take hours without its limit.
TEST(RegexTest, PatternsThatRunAwayAreErrors) {
  EXPECT_THAT(ErrorOf("(?:a|a)*b", std::string(60, 'a') + "-b"),
              HasSubstr("gives up at byte 0 of a text of 62: retry-limit"));
  EXPECT_THAT(ErrorOf("(?=[ab]*+)a", std::string(100'000, 'a')),
              HasSubstr("takes too long"));
}

TEST(RegexTest, LongRunsAreFine) {
  const std::string text(1'000'000, 'a');
  EXPECT_EQ(FindAll("\\p{L}+|\\s+", text).size(), 1U);
  EXPECT_EQ(FindAll("a", text).size(), text.size());
}

}  // namespace
}  // namespace pellucid
