#include "render/text_painter.h"

#include <cairo.h>

#include <algorithm>
#include <string>

#include "gtest/gtest.h"

namespace pellucid::render {
namespace {

TextPainter Painter() { return TextPainter::Create().value(); }

TEST(TextPainterTest, WidthsGrowWithTheText) {
  const TextPainter painter = Painter();
  const TextStyle style;
  const Extent one = painter.Measure("mm", style);
  const Extent two = painter.Measure("mmmm", style);
  EXPECT_GT(one.width, 0);
  EXPECT_NEAR(two.width, 2 * one.width, 0.1);  // Pango counts 1/1024 points
  EXPECT_EQ(two.height, one.height);
  EXPECT_EQ(painter.Measure("", style).width, 0);
}

TEST(TextPainterTest, LongTextsAreCutOrWrapped) {
  const TextPainter painter = Painter();
  const std::string text = "several words that need some room";
  TextStyle style;
  const Extent whole = painter.Measure(text, style);
  style.max_width = whole.width / 3;
  const Extent cut = painter.Measure(text, style);
  EXPECT_LE(cut.width, style.max_width);
  EXPECT_EQ(cut.height, whole.height);
  style.max_lines = 9;
  const Extent wrapped = painter.Measure(text, style);
  EXPECT_LE(wrapped.width, style.max_width);
  EXPECT_GE(wrapped.height, 3 * whole.height * 0.9);  // lines may be tighter
}

TEST(TextPainterTest, LinesAreLimited) {
  const TextPainter painter = Painter();
  TextStyle style;
  style.max_width = 50;
  style.max_lines = 2;
  const double line = painter.Measure("m", {}).height;
  EXPECT_NEAR(painter.Measure(std::string(500, 'm'), style).height, 2 * line,
              line / 2);
}

TEST(TextPainterTest, StackedMarksLeaveTheBox) {
  const TextPainter painter = Painter();
  const Rect plain = painter.Measure("Z", {}).ink;
  EXPECT_GT(plain.y, 0);
  std::string tower = "Z";
  for (int i = 0; i < 20; ++i) tower += "\u0301";
  EXPECT_LT(painter.Measure(tower, {}).ink.y, plain.y);
}

// Where the drawn pixels lie tells the anchor: black on white, 40 x 40.
struct Ink {
  int left = 40, right = -1, top = 40, bottom = -1;
};

template <typename Paint>
Ink InkOf(const Paint& paint) {
  cairo_surface_t* surface =
      cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 40, 40);
  cairo_t* cairo = cairo_create(surface);
  paint(cairo);
  cairo_destroy(cairo);
  cairo_surface_flush(surface);
  const unsigned char* data = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  Ink ink;
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 40; ++x) {
      if (data[y * stride + x * 4 + 3] == 0) continue;  // alpha
      ink.left = std::min(ink.left, x);
      ink.right = std::max(ink.right, x);
      ink.top = std::min(ink.top, y);
      ink.bottom = std::max(ink.bottom, y);
    }
  }
  cairo_surface_destroy(surface);
  return ink;
}

TEST(TextPainterTest, AnchorsTheTextAtThePoint) {
  const TextPainter painter = Painter();
  const auto drawn = [&](Anchor anchor) {
    return InkOf(
        [&](cairo_t* cairo) { painter.Draw(cairo, "HH", {}, anchor, 20, 20); });
  };
  EXPECT_GE(drawn(Anchor::kLeft).left, 20);
  EXPECT_LE(drawn(Anchor::kRight).right, 20);
  const Ink middle = drawn(Anchor::kMiddle);
  EXPECT_NEAR(middle.left + middle.right, 40, 2);
  EXPECT_LT(middle.top, 20);
  EXPECT_GE(middle.bottom, 20);
}

// A paragraph that reads from the right stands at the right of the width that
// it may take; the anchor counts all the same.
TEST(TextPainterTest, AnchorsTextThatReadsFromTheRight) {
  const TextPainter painter = Painter();
  TextStyle style;
  style.max_width = 36;
  const Ink middle = InkOf([&](cairo_t* cairo) {
    painter.Draw(cairo, "\u05d0\u05d1", style, Anchor::kMiddle, 20, 20);
  });
  EXPECT_NEAR(middle.left + middle.right, 40, 3);
  const Ink left = InkOf([&](cairo_t* cairo) {
    painter.Draw(cairo, "\u05d0\u05d1", style, Anchor::kLeft, 2, 20);
  });
  EXPECT_LT(left.right, 20);
}

TEST(TextPainterTest, UpwardsIsHigherThanWide) {
  const TextPainter painter = Painter();
  const Ink ink = InkOf(
      [&](cairo_t* cairo) { painter.DrawUpwards(cairo, "HHHH", {}, 20, 20); });
  EXPECT_GT(ink.bottom - ink.top, ink.right - ink.left);
  EXPECT_NEAR(ink.top + ink.bottom, 40, 2);
}

}  // namespace
}  // namespace pellucid::render
