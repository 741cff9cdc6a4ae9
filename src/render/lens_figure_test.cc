#include "render/lens_figure.h"

#include <cairo.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "render/test_figure_lens.h"

namespace pellucid::render {
namespace {

using testutil::HostileTexts;
using testutil::MakeFigureLens;
using testutil::MakeTestLens;
using testutil::Overlap;
using testutil::PlainTexts;
using testutil::TestLens;

// All texts lie on the page, and none on another.
void ExpectTidy(const Page& page) {
  const Rect whole = {0, 0, page.width(), page.height()};
  const auto& texts = page.texts();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_TRUE(whole.Contains(texts[i].box, 0.01)) << texts[i].text;
    for (std::size_t j = 0; j < i; ++j) {
      ASSERT_FALSE(Overlap(texts[i].box, texts[j].box))
          << texts[i].text << " and " << texts[j].text;
    }
  }
}

void ExpectTidy(const TestLens& test, const FigureOptions& options) {
  const auto page = MakeLensFigure(test.Report(), options);
  ASSERT_TRUE(page.ok()) << page.error().message;
  ExpectTidy(*page);
}

TEST(LensFigureTest, NothingOverlapsAtAnySize) {
  for (const auto& texts : {PlainTexts(), HostileTexts()}) {
    for (const std::size_t positions : {1u, 5u, 60u}) {
      SCOPED_TRACE(positions);
      TestLens test = MakeFigureLens(positions, 31, texts);
      testutil::AddLines(test);
      ExpectTidy(test, {});
      ExpectTidy(test, {.size = FigureSize{6.5 * 72, 4.5 * 72}});
      ExpectTidy(test, {.metric = Metric::kRank,
                        .size = FigureSize{20 * 72, 10 * 72}});
    }
  }
}

// Columns that are chosen for the reader never hide which byte a token is.
TEST(LensFigureTest, BytesAreShownWhole) {
  std::vector<std::string> texts(19, ",");
  texts[0] = "\xd8";
  texts[7] = " \xd9";
  const TestLens test = MakeFigureLens(60, 31, texts);
  for (const FigureOptions& options :
       {FigureOptions{}, FigureOptions{.size = FigureSize{468, 324}}}) {
    const Page page = MakeLensFigure(test.Report(), options).value();
    std::size_t bytes = 0;
    for (const Page::Text& text : page.texts()) {
      if (text.text != "<0xD8>" && text.text != "\u00b7<0xD9>") continue;
      ++bytes;
      TextStyle whole = text.style;
      whole.max_width = 0;
      EXPECT_LE(page.painter().Measure(text.text, whole).width,
                text.style.max_width)
          << text.text;
    }
    EXPECT_GT(bytes, 0u);
  }
}

TEST(LensFigureTest, OneCellIsAFigureToo) {
  ExpectTidy(MakeFigureLens(1, 1, PlainTexts()), {});
}

TEST(LensFigureTest, FarPositionsAndLongPromptsStayTidy) {
  TestLens test = MakeFigureLens(60, 31, PlainTexts());
  for (std::size_t& position : test.lens.positions) position += 123000;
  test.model.ref = std::string(300, 'm');
  ExpectTidy(test, {});
  ExpectTidy(test, {.size = FigureSize{400, 400}});
}

TEST(LensFigureTest, ManyPositionsAndLayersAreThinnedOut) {
  const TestLens test = MakeFigureLens(100, 101, PlainTexts());
  const Page cut = MakeLensFigure(test.Report()).value();
  const Page whole =
      MakeLensFigure(test.Report(), {.max_positions = 100, .layer_stride = 1})
          .value();
  EXPECT_GT(whole.width(), cut.width());
  EXPECT_GT(whole.height(), cut.height());
}

TEST(LensFigureTest, ASizeThatCannotHoldItNamesOneThatCan) {
  const TestLens test = MakeFigureLens(60, 31, PlainTexts());
  FigureOptions options = {.size = FigureSize{5 * 72, 3.5 * 72},
                           .max_positions = 60,
                           .layer_stride = 1};
  const auto page = MakeLensFigure(test.Report(), options);
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, ErrorCode::kUsage);
  const std::string& message = page.error().message;
  EXPECT_TRUE(
      message.starts_with("draw figure: 5 x 3.5 inches: 60 positions x "
                          "31 rows need "))
      << message;
  const std::size_t at = message.find("need ") + 5;
  std::size_t used = 0;
  const double width = std::stod(message.substr(at), &used);
  const double height = std::stod(message.substr(at + used + 3));
  options.size = FigureSize{width * 72, height * 72};
  EXPECT_TRUE(MakeLensFigure(test.Report(), options).ok()) << message;
}

TEST(LensFigureTest, ATinyPageIsAnError) {
  const TestLens test = MakeFigureLens(3, 5, PlainTexts());
  EXPECT_FALSE(
      MakeLensFigure(test.Report(), {.size = FigureSize{72, 72}}).ok());
}

TEST(LensFigureTest, EmptyLensIsAnError) {
  const TestLens test = {};
  const auto figure = MakeLensFigure(test.Report());
  ASSERT_FALSE(figure.ok());
  EXPECT_EQ(figure.error().code, ErrorCode::kFailed);
  EXPECT_EQ(figure.error().message,
            "draw figure: lens: it has no cells; nothing to draw");
}

// The probabilities 1 and 0 are in the picture and nothing is transparent.
TEST(LensFigureTest, DrawsShadesOnWhite) {
  const TestLens test = MakeTestLens();
  const Page page = MakeLensFigure(test.Report()).value();
  const int width = static_cast<int>(page.width());
  const int height = static_cast<int>(page.height());
  cairo_surface_t* surface =
      cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
  cairo_t* cairo = cairo_create(surface);
  page.Draw(cairo);
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
