#include "tokenizer/pattern_classes.h"

#include <string>

#include "gtest/gtest.h"
#include "tokenizer/regex.h"

namespace pellucid {
namespace {

constexpr std::size_t kMost = 1 << 20;

TEST(PatternClassesTest, WhatIsNoClassStays) {
  for (const std::string_view pattern :
       {"", "a|b", "\\", "\\s+(?!\\S)", "[^\\r\\n]", "[[:alpha:]\\]]",
        "\\p{Emoji_XYZ}", "\\\\p{L}", "\\x{41}"}) {
    EXPECT_EQ(PinClasses(pattern, kMost), pattern);
  }
}

TEST(PatternClassesTest, ClassesAreWrittenOut) {
  EXPECT_EQ(PinClasses("\\p{Zl}", kMost), "[\\x{2028}-\\x{2028}]");
  EXPECT_EQ(PinClasses("\\P{Zl}+", kMost), "[^\\x{2028}-\\x{2028}]+");
  EXPECT_EQ(PinClasses("\\p{^Zl}", kMost), "[^\\x{2028}-\\x{2028}]");
  EXPECT_EQ(PinClasses("[a\\p{Zp}]", kMost), "[a[\\x{2029}-\\x{2029}]]");
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "\\w";
  EXPECT_LT(PinClasses(words, 2000).size(), 40'000U);
}

bool Matches(std::string_view pattern, std::string_view text) {
  TextBudget budget(text.size());
  const auto matches = Regex::Compile(pattern)->FindAll(text, budget).value();
  return matches.size() == 1 && matches[0].end == text.size();
}

// Ol Onal came with Unicode 16.0, Sidetic with 17.0.
TEST(PatternClassesTest, PatternsSeeUnicode16) {
  EXPECT_TRUE(Matches("\\p{L}", "\U0001e5d0"));
  EXPECT_TRUE(Matches("[\\p{L}]", "\U0001e5d0"));
  EXPECT_FALSE(Matches("[^\\s\\p{L}]", "\U0001e5d0"));
  EXPECT_TRUE(Matches("\\w", "\U0001e5d0"));
  EXPECT_TRUE(Matches("\\d", "\U0001e5f1"));
  EXPECT_TRUE(Matches("\\p{Han}", "\U00031350"));
  EXPECT_FALSE(Matches("\\p{L}", "\U00010940"));
}

// formats 6.12.9: but not in brackets.
TEST(PatternClassesTest, FractionsAreWordsOutsideOfBrackets) {
  EXPECT_TRUE(Matches("\\w", "\u00bd"));
  EXPECT_FALSE(Matches("[\\w]", "\u00bd"));
  EXPECT_TRUE(Matches("[^\\w]", "\u00bd"));
  EXPECT_FALSE(Matches("\\W", "\u00bd"));
}

}  // namespace
}  // namespace pellucid
