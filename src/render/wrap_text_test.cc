#include "render/wrap_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pellucid::render {
namespace {

using ::testing::ElementsAre;

TEST(WrapTextTest, BreaksAtBlanksWhereALineIsFull) {
  EXPECT_THAT(WrapText("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(WrapText("one two three", 6), ElementsAre("one", "two", "three"));
  EXPECT_THAT(WrapText("one two three", 13), ElementsAre("one two three"));
  EXPECT_THAT(WrapText("one two three", 0), ElementsAre("one two three"));
  EXPECT_THAT(WrapText("", 5), ElementsAre(""));
}

TEST(WrapTextTest, AWordThatIsTooWideStandsAlone) {
  EXPECT_THAT(WrapText("a abcdefgh b", 4), ElementsAre("a", "abcdefgh", "b"));
}

TEST(WrapTextTest, ATokenInQuotesKeepsItsFirstBlank) {
  EXPECT_THAT(WrapText("is \" Paris\" now", 8),
              ElementsAre("is", "\" Paris\"", "now"));
  EXPECT_THAT(WrapText("\" a\" b", 3), ElementsAre("\" a\"", "b"));
}

TEST(WrapTextTest, ColumnsAreCountedNotBytes) {
  EXPECT_THAT(WrapText("\u65e5\u672c \u00e9\u00e9", 7),
              ElementsAre("\u65e5\u672c \u00e9\u00e9"));
  EXPECT_THAT(WrapText("\u65e5\u672c \u00e9\u00e9", 6),
              ElementsAre("\u65e5\u672c", "\u00e9\u00e9"));
}

}  // namespace
}  // namespace pellucid::render
