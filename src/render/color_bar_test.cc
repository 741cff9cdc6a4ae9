#include "render/color_bar.h"

#include "gtest/gtest.h"

namespace pellucid::render {
namespace {

ColorBar Bar() {
  return {Colormap::kViridis,
          "a title, nats",
          {{0, "0"}, {0.25, "1"}, {0.5, "2"}, {0.75, "3"}, {1, "4"}}};
}

TEST(ColorBarTest, LowBarsKeepTheEnds) {
  ColorBar bar = Bar();
  bar.FitTicks(100);
  EXPECT_EQ(bar.ticks.size(), 5u);
  bar.FitTicks(30);
  ASSERT_EQ(bar.ticks.size(), 2u);
  EXPECT_EQ(bar.ticks[0].text, "0");
  EXPECT_EQ(bar.ticks[1].text, "4");
  bar.FitTicks(5);
  EXPECT_EQ(bar.ticks.size(), 1u);
  bar.FitTicks(5);
  EXPECT_EQ(bar.ticks.size(), 1u);
}

TEST(ColorBarTest, StaysWithinItsWidthAndEndsAtTheBottom) {
  Page page(TextPainter::Create().value(), "t");
  const ColorBar bar = Bar();
  EXPECT_TRUE(bar.TitleFits(page.painter(), 200));
  EXPECT_FALSE(bar.TitleFits(page.painter(), 20));
  bar.AddTo(page, 10, 200, 20);
  for (const Page::Text& text : page.texts()) {
    EXPECT_GE(text.box.x, 10);
    EXPECT_LE(text.box.right(), 10 + bar.Width(page.painter()) + 1);
  }
  const Page::Text& title = page.texts().back();
  EXPECT_TRUE(title.upwards);
  EXPECT_LE(title.box.bottom(), 200.01);
}

}  // namespace
}  // namespace pellucid::render
