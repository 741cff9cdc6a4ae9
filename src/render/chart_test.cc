#include "render/chart.h"

#include "gtest/gtest.h"

namespace pellucid::render {
namespace {

Chart MakeChart() {
  return {.x = Axis::Layers(-1, 29, 8),
          .y = Axis::Ranks(40000),
          .x_title = "layer",
          .y_title = "rank",
          .area = {80, 20, 300, 200}};
}

TEST(ChartTest, ValuesLieInTheArea) {
  const Chart chart = MakeChart();
  const Point first = chart.At(-1, 100000), last = chart.At(29, 1);
  EXPECT_NEAR(first.x, 80, 1e-9);
  EXPECT_NEAR(first.y, 220, 1e-9);
  EXPECT_NEAR(last.x, 380, 1e-9);
  EXPECT_NEAR(last.y, 20, 1e-9);
}

TEST(ChartTest, TicksAndTitlesTakeTheRoomThatTheySay) {
  Page page(TextPainter::Create().value(), "t");
  const Chart chart = MakeChart();
  chart.AddTo(page);
  EXPECT_EQ(page.texts().size(), 6u + 7u + 2u);
  for (const Page::Text& text : page.texts()) {
    EXPECT_GE(text.box.x, 80 - chart.Left(page.painter()) - 0.01) << text.text;
    EXPECT_LE(text.box.bottom(), 220 + chart.Below() + 0.01) << text.text;
  }
}

}  // namespace
}  // namespace pellucid::render
