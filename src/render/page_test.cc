#include "render/page.h"

#include <cairo.h>

#include "gtest/gtest.h"
#include "render/display_text.h"
#include "render/test_figure_lens.h"

namespace pellucid::render {
namespace {

Page MakePage() {
  Page page(TextPainter::Create().value(), "title");
  page.Resize(100, 60);
  return page;
}

// Whether the pixel at (x, y) of `page`, drawn a pixel a point, has the colour.
bool HasColor(const Page& page, int x, int y, Rgb color) {
  cairo_surface_t* surface =
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, 100, 60);
  cairo_t* cairo = cairo_create(surface);
  page.Draw(cairo);
  cairo_destroy(cairo);
  cairo_surface_flush(surface);
  const unsigned char* bgr = cairo_image_surface_get_data(surface) +
                             y * cairo_image_surface_get_stride(surface) +
                             x * 4;
  const bool has = Rgb{bgr[2], bgr[1], bgr[0]} == color;
  cairo_surface_destroy(surface);
  return has;
}

constexpr Rgb kRed{200, 0, 0}, kBlue{0, 0, 200}, kWhite{255, 255, 255};

TEST(PageTest, DrawsInOrderOnWhite) {
  Page page = MakePage();
  page.AddRect({10, 10, 20, 20}, kRed);
  page.AddRect({20, 10, 20, 20}, kBlue);
  EXPECT_TRUE(HasColor(page, 5, 5, kWhite));
  EXPECT_TRUE(HasColor(page, 15, 15, kRed));
  EXPECT_TRUE(HasColor(page, 25, 15, kBlue));
}

TEST(PageTest, DrawsLinesAndMarks) {
  Page page = MakePage();
  page.AddLine({{0, 50}, {100, 50}}, {.color = kBlue, .width = 4});
  page.AddDot({20, 20}, 5, kRed);
  page.AddDot({50, 20}, 5, kRed, /*ring=*/true);
  page.AddDiamond({80, 20}, 5, kRed);
  EXPECT_TRUE(HasColor(page, 50, 50, kBlue));
  EXPECT_TRUE(HasColor(page, 20, 20, kRed));
  EXPECT_TRUE(HasColor(page, 50, 20, kWhite));  // within the ring
  EXPECT_TRUE(HasColor(page, 80, 20, kRed));
  EXPECT_TRUE(HasColor(page, 76, 16, kWhite));  // a corner of its box
}

TEST(PageTest, KnowsWhereTextsLie) {
  Page page = MakePage();
  page.AddText("right", {}, Anchor::kRight, 50, 30);
  page.AddUpwards("upwards", {}, 50, 30);
  page.AddText("", {}, Anchor::kLeft, 0, 0);
  ASSERT_EQ(page.texts().size(), 2u) << "an empty text is none";
  const Rect& right = page.texts()[0].box;
  EXPECT_NEAR(right.right(), 50, 1e-6);
  EXPECT_NEAR(right.middle_y(), 30, 1e-6);
  const Rect& upwards = page.texts()[1].box;
  EXPECT_GT(upwards.height, upwards.width);
  EXPECT_NEAR(upwards.middle_x(), 50, 1e-6);
}

TEST(PageTest, TextWithinStaysWithin) {
  const Rect room = {10, 10, 40, 12};
  for (const std::string& text : testutil::HostileTexts()) {
    Page page = MakePage();
    page.AddTextWithin(room, DisplayText(text), TextStyle{});
    for (const Page::Text& one : page.texts()) {
      EXPECT_TRUE(room.Contains(one.box, 0.01)) << text;
    }
  }
}

TEST(PageTest, StackedMarksAreClipped) {
  Page page = MakePage();
  std::string tower = "Z";
  for (int i = 0; i < 20; ++i) tower += "\u0301";
  page.AddTextWithin({10, 30, 40, 12}, tower,
                     {.size = 8, .color = kRed, .max_lines = 1});
  page.AddTextWithin({10, 45, 40, 12}, "Z", TextStyle{});
  ASSERT_EQ(page.texts().size(), 2u);
  EXPECT_TRUE(page.texts()[0].clipped);
  EXPECT_FALSE(page.texts()[1].clipped);
  for (int x = 0; x < 100; ++x) EXPECT_TRUE(HasColor(page, x, 28, kWhite));
}

}  // namespace
}  // namespace pellucid::render
