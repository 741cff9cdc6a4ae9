#include "render/heatmap_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "render/rect.h"

namespace pellucid::render {
namespace {

using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

HeatmapGrid Grid(std::size_t panels, std::size_t across) {
  HeatmapGrid grid;
  grid.shared.title = "Patterns";
  grid.shared.prompt = "\"a b\"";
  grid.shared.rows = {"first", "second"};
  grid.shared.columns = {"one", "two"};
  grid.shared.row_title = "query";
  grid.shared.column_title = "key";
  grid.shared.value_title = "weight";
  grid.shared.limits = {0, 1};
  grid.shared.notes = {"A note"};
  for (std::size_t i = 0; i < panels; ++i) {
    grid.panels.push_back({"P" + std::to_string(i), {{1, kNan}, {0.25, 0.75}}});
  }
  grid.across = across;
  return grid;
}

std::size_t Times(const Page& page, const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count(page.texts(), text, &Page::Text::text));
}

TEST(HeatmapGridTest, LabelsStandOnceALineAndOnceAColumn) {
  const auto page = MakeHeatmapGridFigure(Grid(5, 3));
  ASSERT_TRUE(page.ok()) << page.error().message;
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(Times(*page, "P" + std::to_string(i)), 1u);
  EXPECT_EQ(Times(*page, "first"), 2u);  // two lines of panels
  EXPECT_EQ(Times(*page, "two"), 3u);    // three columns
  EXPECT_EQ(Times(*page, "query"), 1u);
  EXPECT_EQ(Times(*page, "A note"), 1u);
}

TEST(HeatmapGridTest, EveryTextLiesOnThePage) {
  for (const std::size_t panels : {1u, 4u, 270u}) {
    const auto page = MakeHeatmapGridFigure(Grid(panels, panels < 9 ? 2 : 9));
    ASSERT_TRUE(page.ok()) << page.error().message;
    const Rect all{0, 0, page->width(), page->height()};
    for (const Page::Text& text : page->texts()) {
      EXPECT_TRUE(all.Contains(text.box, 0.5)) << panels << " " << text.text;
    }
  }
}

TEST(HeatmapGridTest, ASizeIsKeptOrRefused) {
  const auto page =
      MakeHeatmapGridFigure(Grid(4, 2), {.size = FigureSize{400, 300}});
  ASSERT_TRUE(page.ok()) << page.error().message;
  EXPECT_EQ(page->width(), 400);
  EXPECT_EQ(page->height(), 300);
  const auto small =
      MakeHeatmapGridFigure(Grid(400, 20), {.size = FigureSize{200, 100}});
  ASSERT_FALSE(small.ok());
  EXPECT_EQ(small.error().code, ErrorCode::kUsage);
  EXPECT_THAT(small.error().message, HasSubstr("400 panels of 2 x 2 cells"));
}

TEST(HeatmapGridTest, TooManyCellsAndNoneAreRefused) {
  const auto many = MakeHeatmapGridFigure(Grid(100001, 100));
  ASSERT_FALSE(many.ok());
  EXPECT_THAT(many.error().message, HasSubstr("more than 400000 cells"));
  EXPECT_FALSE(MakeHeatmapGridFigure(Grid(0, 1)).ok());
}

}  // namespace
}  // namespace pellucid::render
