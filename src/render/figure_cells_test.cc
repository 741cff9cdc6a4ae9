#include "render/figure_cells.h"

#include "gtest/gtest.h"
#include "render/test_figure_lens.h"

namespace pellucid::render {
namespace {

using testutil::MakeFigureLens;
using testutil::MakeTestLens;
using testutil::PlainTexts;
using testutil::TestLens;
using Indices = std::vector<std::size_t>;
using Notes = std::vector<std::string>;

TEST(FigureCellsTest, TextsColoursAndHitsOfTheLens) {
  const TestLens test = MakeTestLens();
  const FigureCells cells = TakeCells(test.Report(), {}, {.positions = 3});
  EXPECT_EQ(cells.title, "Logit lens: toy");
  EXPECT_EQ(cells.prompt, "\"The sky is\"");
  EXPECT_EQ(cells.bar_title, "probability of each cell's top-1 token");
  ASSERT_EQ(cells.rows.size(), 3u);
  EXPECT_EQ(cells.rows[0].label, "embed");
  EXPECT_EQ(cells.rows[0].cells[1].text, "\u00b7sky");
  EXPECT_EQ(cells.rows[0].cells[0].color, Viridis(1));
  EXPECT_EQ(cells.rows[1].cells[2].color, Viridis(0));
  ASSERT_EQ(cells.positions.size(), 3u);
  EXPECT_EQ(cells.positions[0].input, "The");
  EXPECT_EQ(cells.positions[0].next, "\u00b7sky");
  EXPECT_TRUE(cells.positions[0].hit);
  EXPECT_EQ(cells.positions[2].next, "");
  EXPECT_FALSE(cells.positions[2].hit);
  EXPECT_EQ(cells.notes, Notes{"Dot: the last row's top-1 is the next token"});
}

TEST(FigureCellsTest, AMissMakesNoDot) {
  TestLens test = MakeTestLens();
  for (LensCell& cell : test.lens.rows.back().cells) cell.top[0].id = 5;
  const FigureCells cells = TakeCells(test.Report(), {}, {.positions = 3});
  for (const auto& position : cells.positions) EXPECT_FALSE(position.hit);
  EXPECT_TRUE(cells.notes.empty());
}

TEST(FigureCellsTest, WhatIsLeftOutTakesANote) {
  const TestLens test = MakeFigureLens(7, 13, PlainTexts());
  const FigureCells cells =
      TakeCells(test.Report(), {}, {.positions = 4, .layer_stride = 3});
  ASSERT_EQ(cells.positions.size(), 4u);
  EXPECT_EQ(cells.positions[0].index, "3");
  EXPECT_EQ(cells.rows[0].cells.size(), 4u);
  EXPECT_EQ(cells.rows.size(), 6u);  // embed, 0, 3, 6, 9, 11
  EXPECT_EQ(cells.rows.back().label, "11");
  EXPECT_EQ(cells.notes[0],
            "The leftmost 3 positions are left out (--max-positions)");
  EXPECT_EQ(cells.notes[1],
            "Every 3rd layer is shown, and the last (--layer-stride)");
  const FigureCells one = TakeCells(test.Report(), {}, {.positions = 6});
  EXPECT_EQ(one.notes[0],
            "The leftmost position is left out (--max-positions)");
}

TEST(FigureCellsTest, AFollowedTargetIsToldOnce) {
  TestLens test = MakeTestLens();
  testutil::Follow(test.lens);
  EXPECT_EQ(FigureDepthNotes(test.Report()).size(), 1u);
  testutil::AddTarget(test.lens);
  EXPECT_EQ(FigureDepthNotes(test.Report()).size(), 2u);
  test.lens.targets[0].id = test.lens.followed->id;
  EXPECT_EQ(FigureDepthNotes(test.Report()).size(), 1u);
}

TEST(FigureCellsTest, AStrideKeepsTheFirstAndTheLastLayer) {
  const TestLens test = MakeFigureLens(1, 12, PlainTexts());  // layers 0..10
  const auto& rows = test.lens.rows;
  EXPECT_EQ(StridedRows(rows, 1).size(), 12u);
  EXPECT_EQ(StridedRows(rows, 4), (Indices{0, 1, 5, 9, 11}));
  EXPECT_EQ(StridedRows(rows, 5), (Indices{0, 1, 6, 11}));
  EXPECT_EQ(StridedRows(rows, 100), (Indices{0, 1, 11}));
  EXPECT_EQ(LeastStride(rows, 12), 1u);
  EXPECT_EQ(LeastStride(rows, 5), 4u);
  EXPECT_EQ(StridedRows(rows, LeastStride(rows, 1)), (Indices{0, 1, 11}));
}

TEST(FigureCellsTest, AStrideCountsLayersNotRows) {
  std::vector<LensRow> rows;
  for (int layer = 0; layer < 4; ++layer) {
    const std::string site = "model.layers." + std::to_string(layer);
    rows.push_back({site + ".self_attn", layer, {}});
    rows.push_back({site, layer, {}});
  }
  EXPECT_EQ(StridedRows(rows, 2), (Indices{0, 1, 4, 5, 6, 7}));
}

}  // namespace
}  // namespace pellucid::render
