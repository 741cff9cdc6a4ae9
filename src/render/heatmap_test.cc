#include "render/heatmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "render/figure_file.h"

namespace pellucid::render {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Heatmap Small() {
  Heatmap map;
  map.title = "A grid";
  map.prompt = "\"a b\"";
  map.row_title = "layer";
  map.column_title = "position";
  map.value_title = "logit difference";
  map.rows = {"0", "1"};
  map.columns = {"The",
                 "\xc2\xb7"
                 "capital",
                 "\xc2\xb7"
                 "of"};
  map.values = {{0, -1.5, 3}, {12.25, kNan, 0.25}};
  map.marks = {{"clean", 20}, {"corrupt", -2}};
  map.notes = {"A note"};
  return map;
}

TEST(HeatmapTest, NumbersAreShort) {
  EXPECT_EQ(ShortNumber(0), "0");
  EXPECT_EQ(ShortNumber(0.123456), "0.12");
  EXPECT_EQ(ShortNumber(-7.346), "-7.35");
  EXPECT_EQ(ShortNumber(12.345), "12.3");
  EXPECT_EQ(ShortNumber(-123.4), "-123");
  EXPECT_EQ(ShortNumber(9.999), "10.0");
  EXPECT_EQ(ShortNumber(2e-5), "2e-05");
  EXPECT_EQ(ShortNumber(kNan), "");
}

TEST(HeatmapTest, TheRangeHoldsValuesAndMarks) {
  const Heatmap::Range range = Small().range();
  EXPECT_EQ(range.low, -2);
  EXPECT_EQ(range.high, 20);
  EXPECT_EQ(range.Shade(9), 0.5);
  Heatmap flat = Small();
  flat.marks.clear();
  flat.values = {{1, 1, 1}, {1, 1, 1}};
  EXPECT_LT(flat.range().low, flat.range().high);
  flat.values = {{kNan, kNan, kNan}, {kNan, kNan, kNan}};
  EXPECT_LT(flat.range().low, flat.range().high);
}

TEST(HeatmapTest, TheTableHasARowForEachRow) {
  const std::string table = HeatmapTable(Small(), 0, ColorMode::kNone);
  EXPECT_EQ(table,
            "A grid\n"
            "layer      The \xc2\xb7"
            "capital      \xc2\xb7of\n"
            "0          0.0     -1.5      3.0\n"
            "1         12.2               0.2\n"
            "A note\n");
}

TEST(HeatmapTest, ANarrowTerminalLosesTheFirstColumns) {
  const std::string table = HeatmapTable(Small(), 24, ColorMode::kNone);
  EXPECT_THAT(table, Not(HasSubstr("layer      The")));
  EXPECT_THAT(table, HasSubstr("\xc2\xb7of"));
  EXPECT_THAT(table, HasSubstr("The first 1 column has"));
}

TEST(HeatmapTest, TheFigureSaysWhatItShows) {
  const Page page = MakeHeatmapFigure(Small()).value();
  std::string all;
  for (const Page::Text& text : page.texts()) all += text.text + "\n";
  for (const char* text : {"A grid", "\"a b\"", "layer", "position",
                           "\xc2\xb7"
                           "capital",
                           "3.0", "12.2", "20.0 clean", "-2.00 corrupt",
                           "A note", "logit difference"}) {
    EXPECT_THAT(all, HasSubstr(text));
  }
  const Rect paper = {0, 0, page.width(), page.height()};
  for (const Page::Text& text : page.texts()) {
    EXPECT_TRUE(paper.Contains(text.box, 0.5)) << text.text;
  }
  EXPECT_TRUE(WriteFigure(page, FigureFormat::kPng, 1).ok());
}

TEST(HeatmapTest, LargeGridsFitThePage) {
  Heatmap map = Small();
  map.rows.assign(48, "a long label of a row");
  map.columns.assign(200, "a long label");
  map.values.assign(48, std::vector<double>(200, 1));
  const Page page = MakeHeatmapFigure(map).value();
  const Rect paper = {0, 0, page.width(), page.height()};
  for (const Page::Text& text : page.texts()) {
    EXPECT_TRUE(paper.Contains(text.box, 0.5)) << text.text;
  }
}

TEST(HeatmapTest, WhatCannotBeDrawnIsRefused) {
  Heatmap map = Small();
  EXPECT_THAT(
      MakeHeatmapFigure(map, {.size = FigureSize{72, 72}}).error().message,
      HasSubstr("have no room"));
  map.rows.clear();
  map.values.clear();
  EXPECT_FALSE(MakeHeatmapFigure(map).ok());
}

}  // namespace
}  // namespace pellucid::render
