#include "render/display_text.h"

#include "gtest/gtest.h"

namespace pellucid::render {
namespace {

TEST(DisplayTextTest, BlanksAreVisible) {
  EXPECT_EQ(DisplayText(" a  b"), "\u00b7a\u00b7\u00b7b");
  EXPECT_EQ(DisplayText("\n\t\r"), "\u21b5\u21e5\u240d");
  EXPECT_EQ(DisplayText("\u00a0"), "<U+00A0>");
  EXPECT_EQ(DisplayText(" a\n", Spaces::kAsTheyAre), " a\u21b5");
  EXPECT_EQ(QuotedText(" Paris"), "\" Paris\"");
}

TEST(DisplayTextTest, NothingCommandsTheTerminal) {
  EXPECT_EQ(DisplayText("\x1b[2J\x07\x7f"), "<0x1B>[2J<0x07><0x7F>");
  EXPECT_EQ(DisplayText("\u009b"), "<U+009B>");
  EXPECT_EQ(DisplayText("a\u202eb\u2066"), "a<U+202E>b<U+2066>");
  EXPECT_EQ(DisplayText("\u200b\ufeff\u2028"), "<U+200B><U+FEFF><U+2028>");
}

TEST(DisplayTextTest, BytesThatAreNoCharacterAreShown) {
  EXPECT_EQ(DisplayText("\xe2"), "<0xE2>");
  EXPECT_EQ(DisplayText("a\xe2\x82z"), "a<0xE2><0x82>z");
  EXPECT_EQ(DisplayText(std::string_view("\0", 1)), "<0x00>");
}

TEST(DisplayTextTest, MarksAndJoinersKeepTheirBase) {
  EXPECT_EQ(DisplayText("\u0301"), "\u25cc\u0301") << "no base";
  EXPECT_EQ(DisplayText("e\u0301"), "e\u0301");
  EXPECT_EQ(DisplayText("\u200d"), "<U+200D>");
  EXPECT_EQ(DisplayText("\U0001f468\u200d\U0001f469"),
            "\U0001f468\u200d\U0001f469");
}

TEST(DisplayTextTest, WidthsAreThoseOfATerminal) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("\u00b7\u21b5\u2026"), 3u);
  EXPECT_EQ(DisplayWidth("\u65e5\u672c"), 4u);       // East Asian wide
  EXPECT_EQ(DisplayWidth("\uff21"), 2u);             // full width
  EXPECT_EQ(DisplayWidth("\U0001f600"), 2u);         // emoji
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);            // combining
  EXPECT_EQ(DisplayWidth("\u0639\u0631"), 2u);       // Arabic
  EXPECT_EQ(DisplayWidth(DisplayText("\xe2")), 6u);  // "<0xE2>"
}

TEST(DisplayTextTest, TruncatesBetweenClustersOnly) {
  EXPECT_EQ(Truncate("capital", 7), "capital");
  EXPECT_EQ(Truncate("capital", 4), "cap\u2026");
  EXPECT_EQ(Truncate("capital", 1), "\u2026");
  EXPECT_EQ(Truncate("\u65e5\u672c\u8a9e", 4), "\u65e5\u2026")
      << "two wide ones and the ellipsis would take 5";
  EXPECT_EQ(Truncate("ae\u0301bc", 3), "ae\u0301\u2026");
  const std::string family = "\U0001f468\u200d\U0001f469";  // one cluster of 4
  EXPECT_EQ(Truncate(family + "xyz", 5), family + "\u2026");
  EXPECT_EQ(Truncate(family + "xyz", 4), "\u2026");
}

TEST(DisplayTextTest, PadsToColumnsNotBytes) {
  EXPECT_EQ(PadRight("\u65e5", 4), "\u65e5  ");
  EXPECT_EQ(PadLeft("\u00b7a", 4), "  \u00b7a");
  EXPECT_EQ(PadRight("abc", 2), "abc");
}

}  // namespace
}  // namespace pellucid::render
