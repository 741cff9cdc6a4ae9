#include "render/lens_grid.h"

#include "gtest/gtest.h"
#include "render/test_figure_lens.h"

namespace pellucid::render {
namespace {

using testutil::MakeFigureLens;
using testutil::PlainTexts;
using testutil::TestLens;

LensGrid Grid(std::size_t positions, std::size_t rows,
              const FigureOptions& options = {}) {
  const TestLens test = MakeFigureLens(positions, rows, PlainTexts());
  FigureCells cells =
      TakeCells(test.Report(), options, {.positions = positions});
  return LayOutGrid(TextPainter::Create().value(), options, cells);
}

TEST(LensGridTest, GrowsWithItsCells) {
  const LensGrid few = Grid(5, 31), more = Grid(10, 31), high = Grid(5, 61);
  EXPECT_GT(more.width, few.width);
  EXPECT_GT(high.height, few.height);
  EXPECT_EQ(few.cell_height, high.cell_height);
  EXPECT_TRUE(few.Legible());
}

TEST(LensGridTest, ManyColumnsAreThrifty) {
  EXPECT_LT(Grid(60, 31).cell_width, Grid(10, 31).cell_width);
}

TEST(LensGridTest, CellsTileTheGridFromBelow) {
  const LensGrid grid = Grid(5, 4);
  const Rect lowest = grid.Cell(0, 0), highest = grid.Cell(3, 4);
  EXPECT_NEAR(lowest.bottom(), grid.bottom(), 1e-9);
  EXPECT_NEAR(lowest.x, grid.left, 1e-9);
  EXPECT_NEAR(highest.y, grid.top, 1e-9);
  EXPECT_NEAR(highest.right(), grid.left + grid.GridWidth(), 1e-9);
}

TEST(LensGridTest, ASizeIsKept) {
  const LensGrid grid = Grid(10, 31, {.size = FigureSize{500, 500}});
  EXPECT_EQ(grid.width, 500);
  EXPECT_EQ(grid.height, 500);
  EXPECT_TRUE(grid.Legible());
  EXPECT_GE(grid.text_size, kLeastTextSize);
  EXPECT_FALSE(Grid(60, 31, {.size = FigureSize{300, 300}}).Legible());
}

TEST(LensGridTest, ALongCaptionBecomesANote) {
  const TestLens test = MakeFigureLens(3, 2, PlainTexts());
  FigureCells cells = TakeCells(test.Report(), {}, {.positions = 3});
  const LensGrid grid = LayOutGrid(TextPainter::Create().value(), {}, cells);
  EXPECT_EQ(grid.bar.title, "");
  EXPECT_EQ(cells.notes[0], "Shade: probability of each cell's top-1 token");
  EXPECT_NE(Grid(3, 31).bar.title, "");
}

}  // namespace
}  // namespace pellucid::render
