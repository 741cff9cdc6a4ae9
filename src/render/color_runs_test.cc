#include "render/color_runs.h"

#include <cairo-svg.h>
#include <pango/pangocairo.h>

#include <cstddef>
#include <string>

#include "gtest/gtest.h"
#include "render/test_figure_lens.h"

namespace pellucid::render {
namespace {

cairo_status_t Append(void* out, const unsigned char* data,
                      unsigned int length) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(data),
                                         length);
  return CAIRO_STATUS_SUCCESS;
}

// `text`, drawn `times` times, as SVG.
std::string Svg(const std::string& text, int times) {
  std::string svg;
  cairo_surface_t* surface =
      cairo_svg_surface_create_for_stream(Append, &svg, 100, 100);
  cairo_t* cairo = cairo_create(surface);
  PangoLayout* layout = pango_cairo_create_layout(cairo);
  pango_layout_set_text(layout, text.data(), static_cast<int>(text.size()));
  {
    ColorRuns runs;
    for (int i = 0; i < times; ++i) runs.Draw(cairo, layout, 0, 20.0 * i);
  }
  g_object_unref(layout);
  cairo_destroy(cairo);
  cairo_surface_finish(surface);
  cairo_surface_destroy(surface);
  return svg;
}

std::size_t Count(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

TEST(ColorRunsTest, LettersStayOutlines) {
  const std::string svg = Svg("ab", 2);
  EXPECT_EQ(Count(svg, "<image"), 0u);
  EXPECT_GT(Count(svg, "<use"), 0u);
}

TEST(ColorRunsTest, EmojiAreOneSharpPicture) {
  if (!testutil::HasFamily("Noto Color Emoji")) {
    GTEST_SKIP() << "no colour emoji here: fonts-noto-color-emoji";
  }
  const std::string svg = Svg("a \U0001f600", 3);
  EXPECT_EQ(Count(svg, "<image"), 1u) << "the picture is shared";
  // Cairo's own way would give about 20 pixels a side.
  const std::size_t width = svg.find("width=\"", svg.find("<image"));
  ASSERT_NE(width, std::string::npos);
  EXPECT_GE(std::stoi(svg.substr(width + 7)), 60);
}

}  // namespace
}  // namespace pellucid::render
