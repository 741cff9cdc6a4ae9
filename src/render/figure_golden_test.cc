// Whole figures against committed pictures. Rasterisers differ in the shades of
// edges, so averages over blocks of 8 x 8 pixels are compared: a line or a word
// that moved by two pixels fails, another smoothing does not. Run with
// PELLUCID_UPDATE_GOLDENS=1 to write the pictures; look at them before they are
// committed.
#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "render/figure_file.h"
#include "render/lens_figure.h"
#include "render/target_figure.h"
#include "render/test_figure_lens.h"
#include "testutil/temp_dir.h"

namespace pellucid::render {
namespace {

constexpr int kBlock = 8;
// Of 255. The same text from another version of FreeType moves a block's mean
// by less than 10; a glyph that is missing or elsewhere by 40 and more.
constexpr double kMaxDifference = 24;
constexpr double kMeanDifference = 1.5;

struct Destroy {
  void operator()(cairo_surface_t* surface) const {
    cairo_surface_destroy(surface);
  }
};
using Surface = std::unique_ptr<cairo_surface_t, Destroy>;

Surface ReadPng(const std::string& path) {
  return Surface(cairo_image_surface_create_from_png(path.c_str()));
}

// Mean of each channel of each block, row by row.
std::vector<double> Blocks(const Surface& surface) {
  cairo_surface_flush(surface.get());
  const unsigned char* data = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  const int width = cairo_image_surface_get_width(surface.get());
  const int height = cairo_image_surface_get_height(surface.get());
  std::vector<double> means;
  for (int y = 0; y < height; y += kBlock) {
    for (int x = 0; x < width; x += kBlock) {
      const int rows = std::min(kBlock, height - y);
      const int columns = std::min(kBlock, width - x);
      for (int channel = 0; channel < 3; ++channel) {
        double sum = 0;
        for (int i = 0; i < rows * columns; ++i) {
          sum += data[(y + i / columns) * stride + (x + i % columns) * 4 +
                      channel];
        }
        means.push_back(sum / (rows * columns));
      }
    }
  }
  return means;
}

void ExpectLikeGolden(const Page& page, const std::string& name) {
  const std::string golden = std::string(PELLUCID_SOURCE_DIR) +
                             "/tests/golden/figures/" + name + ".png";
  const std::string png =
      WriteFigure(page, FigureFormat::kPng, /*scale=*/1).value();
  if (std::getenv("PELLUCID_UPDATE_GOLDENS") != nullptr) {
    std::ofstream(golden, std::ios::binary) << png;
  }
  const ::pellucid::testutil::TempDir dir;
  const std::string drawn = dir / "drawn.png";
  std::ofstream(drawn, std::ios::binary) << png;
  const Surface got = ReadPng(drawn), want = ReadPng(golden);
  ASSERT_EQ(cairo_surface_status(want.get()), CAIRO_STATUS_SUCCESS) << golden;
  ASSERT_EQ(cairo_image_surface_get_width(got.get()),
            cairo_image_surface_get_width(want.get()));
  ASSERT_EQ(cairo_image_surface_get_height(got.get()),
            cairo_image_surface_get_height(want.get()));
  const std::vector<double> a = Blocks(got), b = Blocks(want);
  double worst = 0, sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::abs(a[i] - b[i]));
    sum += std::abs(a[i] - b[i]);
  }
  EXPECT_LE(worst, kMaxDifference);
  EXPECT_LE(sum / static_cast<double>(a.size()), kMeanDifference);
}

// Whether all of `families` are installed; which are not.
std::string Missing(const std::vector<std::string>& families) {
  for (const std::string& family : families) {
    if (!testutil::HasFamily(family)) return family;
  }
  return {};
}

class FigureGoldenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = Missing({"DejaVu Sans"});
    if (!missing.empty()) GTEST_SKIP() << "no font " << missing;
  }
};

TEST_F(FigureGoldenTest, Lens) {
  testutil::TestLens test =
      testutil::MakeFigureLens(5, 12, testutil::PlainTexts());
  testutil::AddLines(test);
  test.lens.targets.clear();
  ExpectLikeGolden(MakeLensFigure(test.Report()).value(), "lens");
}

TEST_F(FigureGoldenTest, LensOfOneColumn) {
  testutil::TestLens test =
      testutil::MakeFigureLens(60, 31, testutil::PlainTexts());
  const FigureOptions options = {.metric = Metric::kKl,
                                 .colormap = Colormap::kCividis,
                                 .size = FigureSize{6.5 * 72, 4 * 72}};
  ExpectLikeGolden(MakeLensFigure(test.Report(), options).value(), "lens_page");
}

TEST_F(FigureGoldenTest, Scripts) {
  const std::string missing = Missing({"Noto Sans CJK SC", "Noto Color Emoji"});
  if (!missing.empty()) GTEST_SKIP() << "no font " << missing;
  const testutil::TestLens test = testutil::MakeFigureLens(
      6, 4,
      {" \u6cd5\u56fd", "\U0001f600", "\u0645\u0631\u062d\u0628\u0627",
       "\u05e9\u05dc\u05d5\u05dd", "e\u0301", "\x01"});
  ExpectLikeGolden(MakeLensFigure(test.Report()).value(), "scripts");
}

TEST_F(FigureGoldenTest, Targets) {
  testutil::TestLens test =
      testutil::MakeFigureLens(8, 31, testutil::PlainTexts());
  testutil::AddLines(test);
  ExpectLikeGolden(MakeTargetFigure(test.Report()).value(), "targets");
  const TargetFigureOptions options = {.metric = Metric::kLogprob,
                                       .positions = {2, 7}};
  ExpectLikeGolden(MakeTargetFigure(test.Report(), options).value(),
                   "targets_logprob");
}

}  // namespace
}  // namespace pellucid::render
