#include "tokenizer/unicode_property.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "tokenizer/unicode_tables.h"

namespace pellucid {
namespace {

// Code points of a property.
std::size_t Count(std::string_view name) {
  const auto ranges = FindProperty(name);
  EXPECT_TRUE(ranges) << name;
  std::size_t count = 0;
  for (const CodeRange& range : *ranges) count += range.last - range.first + 1;
  return count;
}

// Totals of DerivedGeneralCategory.txt and Scripts.txt, Unicode 16.0.
TEST(UnicodePropertyTest, CategoriesAndScriptsOfUnicode16) {
  EXPECT_EQ(Count("L"), 141028U);
  EXPECT_EQ(Count("Letter"), 141028U);
  EXPECT_EQ(Count("N"), 1911U);
  EXPECT_EQ(Count("Nd"), 760U);
  EXPECT_EQ(Count("decimal number"), 760U);
  EXPECT_EQ(Count("Han"), 99030U);
  EXPECT_EQ(Count("old_italic"), 39U);
  EXPECT_EQ(Count("Zs"), 17U);
}

TEST(UnicodePropertyTest, EveryCodePointHasOneCategory) {
  std::size_t sum = 0;
  for (const std::string_view group :
       {"L", "M", "N", "P", "S", "Z", "Cc", "Cf", "Cs", "Co", "Cn"}) {
    sum += Count(group);
  }
  EXPECT_EQ(sum, 0x110000U);
}

TEST(UnicodePropertyTest, OthersAreNotKnown) {
  for (const std::string_view name : {"", "Q", "Klingon", "Alphabetic", "^L"}) {
    EXPECT_FALSE(FindProperty(name)) << name;
  }
}

TEST(UnicodePropertyTest, LettersAreThoseOfTheTables) {
  const auto letters = FindProperty("L");
  ASSERT_TRUE(letters);
  for (const CodeRange& range : *letters) {
    for (char32_t code = range.first; code <= range.last; ++code) {
      ASSERT_TRUE((ClassOf(code) & kLetter) != 0)
          << static_cast<unsigned>(code);
    }
  }
}

TEST(UnicodePropertyTest, WordsOfOniguruma) {
  const auto has = [](bool fractions, char32_t wanted) {
    const auto word = OnigurumaWord(fractions);
    return std::any_of(word.begin(), word.end(), [=](const CodeRange& range) {
      return range.first <= wanted && wanted <= range.last;
    });
  };
  EXPECT_TRUE(has(false, 'a'));
  EXPECT_TRUE(has(false, '_'));
  EXPECT_TRUE(has(false, 0x24b6));
  EXPECT_FALSE(has(false, 0x200d));
  EXPECT_FALSE(has(false, 0xbd));
  EXPECT_TRUE(has(true, 0xbd));
}

// formats 6.12.3: 726 code points with those of ASCII, of which nine are
// symbols.
TEST(UnicodePropertyTest, ClassesOfUnicode8) {
  std::size_t punctuation = 0;
  for (char32_t code = 0; code < 0x110000; ++code) {
    punctuation += IsOldClass(code, OldClass::kPunctuation) ? 1 : 0;
  }
  EXPECT_EQ(punctuation, 717U);
  EXPECT_TRUE(IsOldClass(0x166d, OldClass::kPunctuation));
  EXPECT_FALSE(IsOldClass(0x2e43, OldClass::kPunctuation));
  EXPECT_TRUE(IsOldClass(0x301, OldClass::kMark));
  EXPECT_TRUE(IsOldClass(0xe000, OldClass::kOther));
  EXPECT_FALSE(IsOldClass(0x378, OldClass::kOther));  // unassigned
}

TEST(UnicodePropertyTest, ScriptsOfUnicode9) {
  EXPECT_EQ(OldScriptOf('a'), OldScriptOf(0xe9));
  EXPECT_NE(OldScriptOf('a'), OldScriptOf(0x430));
  EXPECT_NE(OldScriptOf('1'), kNoScript);
  EXPECT_EQ(OldScriptOf(0x378), kNoScript);
  EXPECT_EQ(OldScriptOf(0x1e5d0), kNoScript);
  EXPECT_EQ(OldScriptOf(0x10ffff), kNoScript);
}

}  // namespace
}  // namespace pellucid
