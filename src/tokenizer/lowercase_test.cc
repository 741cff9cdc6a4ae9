#include "tokenizer/lowercase.h"

#include "gtest/gtest.h"

namespace pellucid {
namespace {

std::string Lower(std::string_view text) {
  std::string out;
  AppendLowercase(text, out);
  return out;
}

TEST(LowercaseTest, LettersOfAllScripts) {
  EXPECT_EQ(Lower("Hello, WORLD 12"), "hello, world 12");
  EXPECT_EQ(Lower("\u00c9\u0416\u03a9"), "\u00e9\u0436\u03c9");
  EXPECT_EQ(Lower("\u1e9e\U00010400"), "\u00df\U00010428");
  EXPECT_EQ(Lower(""), "");
}

TEST(LowercaseTest, EachCharacterByItself) {
  EXPECT_EQ(Lower("\u03a3\u03a3"), "\u03c3\u03c3");  // no final sigma
  EXPECT_EQ(Lower("\u0130"), "i\u0307");
}

TEST(LowercaseTest, LettersOfUnicode16And17) {
  EXPECT_EQ(Lower("\ua7cb\ua7dc"), "\u0264\u019b");
  EXPECT_EQ(Lower("\U00010d50\U00010d65"), "\U00010d70\U00010d85");
  EXPECT_EQ(Lower("\U00016ea0\U00016eb8"), "\U00016ebb\U00016ed3");
}

}  // namespace
}  // namespace pellucid
