#include "tokenizer/unicode_tables.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

constexpr char32_t kTop = 0x110000;

int Count(unsigned mask) {
  int count = 0;
  for (char32_t code = 0; code < kTop; ++code) {
    if ((ClassOf(code) & mask) != 0) ++count;
  }
  return count;
}

TEST(UnicodeTablesTest, SpacesAreThe25OfTheRegularExpressions) {
  std::vector<unsigned> spaces;
  for (char32_t code = 0; code < kTop; ++code) {
    if ((ClassOf(code) & kSpace) != 0) spaces.push_back(code);
  }
  EXPECT_THAT(spaces, ::testing::ElementsAre(
                          0x9, 0xa, 0xb, 0xc, 0xd, 0x20, 0x85, 0xa0, 0x1680,
                          0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005,
                          0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028,
                          0x2029, 0x202f, 0x205f, 0x3000));
}

// Totals of DerivedGeneralCategory.txt, Unicode 16.0.
TEST(UnicodeTablesTest, LettersAndNumbersOfUnicode16) {
  EXPECT_EQ(Count(kLetter), 141028);
  EXPECT_EQ(Count(kNumber), 1911);
}

TEST(UnicodeTablesTest, DigitsHaveThe13OfUnicode17More) {
  std::vector<unsigned> more;
  for (char32_t code = 0; code < kTop; ++code) {
    const unsigned classes = ClassOf(code) & (kNumber | kDigit);
    EXPECT_NE(classes, static_cast<unsigned>(kNumber));
    if (classes == kDigit) more.push_back(code);
  }
  EXPECT_THAT(
      more, ::testing::ElementsAre(0x11de0, 0x11de1, 0x11de2, 0x11de3, 0x11de4,
                                   0x11de5, 0x11de6, 0x11de7, 0x11de8, 0x11de9,
                                   0x16ff4, 0x16ff5, 0x16ff6));
}

TEST(UnicodeTablesTest, ClassesExcludeEachOther) {
  for (char32_t code = 0; code < kTop; ++code) {
    const unsigned word = ClassOf(code) & (kLetter | kNumber | kSpace);
    EXPECT_EQ(word & (word - 1), 0U) << static_cast<unsigned>(code);
  }
}

// Totals of DerivedGeneralCategory.txt, and of \w in `regex` of Rust.
TEST(UnicodeTablesTest, WordsOfUnicode16) {
  int upper = 0, lower = 0, both = 0;
  for (char32_t code = 0; code < kTop; ++code) {
    const unsigned bits = WordClassOf(code);
    if ((bits & kUpperWord) != 0) ++upper;
    if ((bits & kLowerWord) != 0) ++lower;
    if ((bits & kUpperWord) != 0 && (bits & kLowerWord) != 0) ++both;
    const bool letter = (ClassOf(code) & kLetter) != 0;
    EXPECT_TRUE(!letter || (bits & kWord) != 0);
  }
  constexpr int kLu = 1858, kLt = 31, kLl = 2258, kM = 2501;
  EXPECT_EQ(upper - both, kLu + kLt);
  EXPECT_EQ(lower - both, kLl);
  EXPECT_EQ(both, 141028 - kLu - kLt - kLl + kM);
  EXPECT_EQ(WordClassOf('_'), kWord);
  EXPECT_EQ(WordClassOf('7'), kWord);
  EXPECT_EQ(WordClassOf(0x200d), kWord);  // zero width joiner
  EXPECT_EQ(WordClassOf(0xb2), 0);        // superscript two
  EXPECT_EQ(WordClassOf(0x24b6), kWord);  // circled A
  EXPECT_EQ(WordClassOf(0xe0100), kUpperWord | kLowerWord | kWord);
}

TEST(UnicodeTablesTest, NewerThanUnicode9) {
  EXPECT_EQ(ClassOf(0x1f92f) & kNewerThanNfc, kNewerThanNfc);  // 10.0
  EXPECT_EQ(ClassOf(0x1df6) & kNewerThanNfc, kNewerThanNfc);   // 10.0
  EXPECT_EQ(ClassOf(0x1e94a) & kNewerThanNfc, 0);              // 9.0
  EXPECT_EQ(ClassOf('a'), kLetter);
  EXPECT_EQ(ClassOf(0x10ffff), kNewerThanNfc);
}

}  // namespace
}  // namespace pellucid
