#include "tokenizer/text_pattern.h"

#include <string>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

std::string Ends(const TextPattern& pattern, std::string_view text) {
  std::string ends;
  TextBudget budget(text.size());
  for (const MatchSpan& span : pattern.FindAll(text, budget).value()) {
    ends += std::to_string(span.begin) + "-" + std::to_string(span.end) + " ";
  }
  return ends;
}

TEST(TextPatternTest, ALiteralIsNoExpression) {
  EXPECT_EQ(Ends(TextPattern::Literal("."), "a.b."), "1-2 3-4 ");
  EXPECT_EQ(Ends(TextPattern::Compile(".").value(), "a."), "0-1 1-2 ");
}

TEST(TextPatternTest, LiteralsDoNotOverlap) {
  EXPECT_EQ(Ends(TextPattern::Literal("aa"), "aaaaa"), "0-2 2-4 ");
  EXPECT_EQ(Ends(TextPattern::Literal(""), "ab"), "");
  EXPECT_EQ(Ends(TextPattern::Literal("abc"), "ab"), "");
}

// U+10D50 is a letter since Unicode 16, in the matchers too.
TEST(TextPatternTest, AKnownExpressionIsItsMatcher) {
  const auto pattern = TextPattern::Compile(
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+"
      "|\\s+(?!\\S)|\\s+");
  ASSERT_TRUE(pattern.ok()) << pattern.error().message;
  EXPECT_EQ(Ends(*pattern, "it's \U00010d50a"), "0-2 2-4 4-10 ");
}

TEST(TextPatternTest, AnInvalidExpressionIsAnError) {
  EXPECT_FALSE(TextPattern::Compile("[").ok());
}

}  // namespace
}  // namespace pellucid
