#include "render/lens_figure.h"

#include <cairo.h>

#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

using testutil::MakeTestLens;
using testutil::TestLens;

// `copies` times the positions of the test lens.
TestLens LongLens(std::size_t copies) {
  TestLens test = MakeTestLens();
  const Lens one = test.lens;
  for (std::size_t copy = 1; copy < copies; ++copy) {
    test.lens.ids.insert(test.lens.ids.end(), one.ids.begin(), one.ids.end());
    for (const std::size_t position : one.positions) {
      test.lens.positions.push_back(copy * one.ids.size() + position);
    }
    for (std::size_t row = 0; row < one.rows.size(); ++row) {
      auto& cells = test.lens.rows[row].cells;
      cells.insert(cells.end(), one.rows[row].cells.begin(),
                   one.rows[row].cells.end());
    }
  }
  return test;
}

double Width(const TestLens& test, const FigureOptions& options = {}) {
  return LensFigure::Layout(test.Report(), options).value().width();
}

TEST(LensFigureTest, WidthGrowsWithPositionsUpToTheCap) {
  const double few = Width(LongLens(5));
  const double more = Width(LongLens(10));
  EXPECT_GT(more, few);
  EXPECT_EQ(Width(LongLens(34)), Width(LongLens(50)));  // 100 positions
  EXPECT_EQ(Width(LongLens(5)), Width(LongLens(10), {.max_positions = 15}));
}

TEST(LensFigureTest, WhatIsLeftOutTakesANote) {
  const TestLens test = LongLens(10);
  const auto all = LensFigure::Layout(test.Report(), {}).value();
  const auto cut =
      LensFigure::Layout(test.Report(), {.max_positions = 15}).value();
  EXPECT_GT(cut.height(), all.height());
}

TEST(LensFigureTest, EmptyLensIsAnError) {
  const TestLens test = {};
  const auto figure = LensFigure::Layout(test.Report(), {});
  ASSERT_FALSE(figure.ok());
  EXPECT_EQ(figure.error().code, ErrorCode::kFailed);
  EXPECT_EQ(figure.error().message,
            "draw figure: lens: it has no cells; nothing to draw");
}

// Pixels of the cell colours, drawn at twice the size: the probabilities 1 and
// 0 are in the picture and nothing is transparent.
TEST(LensFigureTest, DrawsShadesOnWhite) {
  const TestLens test = MakeTestLens();
  const auto figure = LensFigure::Layout(test.Report(), {}).value();
  const int width = static_cast<int>(figure.width());
  const int height = static_cast<int>(figure.height());
  cairo_surface_t* surface =
      cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
  cairo_t* cairo = cairo_create(surface);
  figure.Draw(cairo);
  ASSERT_EQ(cairo_status(cairo), CAIRO_STATUS_SUCCESS);
  cairo_destroy(cairo);
  cairo_surface_flush(surface);
  const unsigned char* data = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  int dark = 0, bright = 0, clear = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const unsigned char* bgra = data + y * stride + x * 4;
      const Rgb pixel = {bgra[2], bgra[1], bgra[0]};
      dark += pixel == Viridis(0);
      bright += pixel == Viridis(1);
      clear += bgra[3] != 255;
    }
  }
  cairo_surface_destroy(surface);
  EXPECT_GT(dark, 100);
  EXPECT_GT(bright, 100);
  EXPECT_EQ(clear, 0);
}

}  // namespace
}  // namespace pellucid::render
