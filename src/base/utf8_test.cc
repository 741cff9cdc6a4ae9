#include "base/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

const std::string kMark = "\xef\xbf\xbd";  // U+FFFD

TEST(FirstInvalidUtf8Test, WellFormedTextHasNone) {
  EXPECT_EQ(FirstInvalidUtf8(""), std::nullopt);
  EXPECT_EQ(FirstInvalidUtf8(std::string("\0\x7f", 2)), std::nullopt);
  // First and last of each length, and the neighbours of the surrogates.
  EXPECT_EQ(FirstInvalidUtf8("\u0080\u07ff\u0800\ud7ff\ue000\uffff"
                             "\U00010000\U0010ffff"),
            std::nullopt);
}

TEST(FirstInvalidUtf8Test, NamesTheOffset) {
  EXPECT_EQ(FirstInvalidUtf8("\xff"), 0U);
  EXPECT_EQ(FirstInvalidUtf8("ab\x80"), 2U);            // continuation alone
  EXPECT_EQ(FirstInvalidUtf8("\u00e9\xc0\x80"), 2U);    // overlong
  EXPECT_EQ(FirstInvalidUtf8("\xe0\x9f\xbf"), 0U);      // overlong
  EXPECT_EQ(FirstInvalidUtf8("\xf0\x8f\xbf\xbf"), 0U);  // overlong
  EXPECT_EQ(FirstInvalidUtf8("a\xed\xa0\x80"), 1U);     // surrogate
  EXPECT_EQ(FirstInvalidUtf8("\xf4\x90\x80\x80"), 0U);  // beyond U+10FFFF
  EXPECT_EQ(FirstInvalidUtf8("abc\xe2\x82"), 3U);       // cut short
}

TEST(DecodeUtf8Test, GivesBackWhatAppendWrote) {
  for (const char32_t code : {0x0U, 0x7fU, 0x80U, 0x7ffU, 0x800U, 0xd7ffU,
                              0xe000U, 0xffffU, 0x10000U, 0x10ffffU}) {
    std::string text = "x";
    AppendUtf8(code, text);
    const Utf8Char c = DecodeUtf8(text, 1);
    EXPECT_EQ(c.code, code);
    EXPECT_EQ(c.bytes, text.size() - 1);
    EXPECT_EQ(FirstInvalidUtf8(text), std::nullopt);
  }
}

// Unicode 15, tables 3-8 to 3-11: one mark a maximal subpart.
TEST(LossyUtf8Test, ReplacesMaximalSubparts) {
  EXPECT_EQ(LossyUtf8("plain \u6771"), "plain \u6771");
  EXPECT_EQ(
      LossyUtf8("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82"
                "A"),
      kMark + kMark + kMark + kMark + kMark + kMark + kMark + kMark + "A");
  EXPECT_EQ(
      LossyUtf8("\xed\xa0\x80\xed\xbf\xbf\xed\xaf"
                "A"),
      kMark + kMark + kMark + kMark + kMark + kMark + kMark + kMark + "A");
  EXPECT_EQ(LossyUtf8("\xf4\x91\x92\x93\xff"
                      "A"
                      "\x80\xbf"
                      "B"),
            kMark + kMark + kMark + kMark + kMark + "A" + kMark + kMark + "B");
  EXPECT_EQ(LossyUtf8("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"
                      "A"),
            kMark + kMark + kMark + kMark + "A");
}

TEST(LossyUtf8Test, AnEndCutShortIsOneMark) {
  EXPECT_EQ(LossyUtf8("a\xf0\x9f\x98"), "a" + kMark);
  EXPECT_EQ(LossyUtf8("a\xe2"), "a" + kMark);
}

TEST(ShowBytesTest, ShowsWhatIsNoCharacter) {
  EXPECT_EQ(ShowBytes(""), "");
  EXPECT_EQ(ShowBytes(" \u00e9\n"), " \u00e9\n");
  EXPECT_EQ(ShowBytes("\xe2"), "<0xE2>");
  EXPECT_EQ(ShowBytes("a\xf0\x9f\x98z"), "a<0xF0><0x9F><0x98>z");
  EXPECT_EQ(ShowBytes("\x80\x0a"), "<0x80>\n");
}

}  // namespace
}  // namespace pellucid
