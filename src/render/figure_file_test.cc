#include "render/figure_file.h"

#include <cstdlib>
#include <fstream>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "render/lens_figure.h"
#include "render/test_figure_lens.h"

namespace pellucid::render {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testutil::MakeTestLens;
using testutil::TestLens;

std::string File(const TestLens& test, FigureFormat format,
                 const FigureOptions& options = {}) {
  const Page page = MakeLensFigure(test.Report(), options).value();
  return WriteFigure(page, format, /*scale=*/1).value();
}

std::string Svg(const TestLens& test, const FigureOptions& options = {}) {
  return File(test, FigureFormat::kSvg, options);
}

// Every element that is opened is closed, in order; attributes are name="..."
// without '<', and '&' begins an entity. Returns the number of elements, 0 if
// ill-formed.
std::size_t WellFormedElements(const std::string& xml) {
  std::vector<std::string> open;
  std::size_t elements = 0;
  for (std::size_t at = xml.find('&'); at != std::string::npos;
       at = xml.find('&', at + 1)) {
    const std::size_t end = xml.find(';', at);
    if (end == std::string::npos || end - at > 7) return 0;
  }
  for (std::size_t at = xml.find('<'); at != std::string::npos;
       at = xml.find('<', at + 1)) {
    const std::size_t end = xml.find('>', at);
    if (end == std::string::npos) return 0;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" \n/", 1));
    if (tag.find('<') != std::string::npos) return 0;
    if (tag[0] == '?') continue;
    if (tag[0] == '/') {
      if (open.empty() || "/" + open.back() != tag) return 0;
      open.pop_back();
      continue;
    }
    ++elements;
    if (tag.back() != '/') open.push_back(name);
  }
  return open.empty() ? elements : 0;
}

TEST(FigureFileTest, FormatsAreNamedByEndings) {
  EXPECT_EQ(FormatOfPath("a/b.svg"), FigureFormat::kSvg);
  EXPECT_EQ(FormatOfPath("b.PNG"), FigureFormat::kPng);
  EXPECT_EQ(FormatOfPath(".pdf"), FigureFormat::kPdf);
  EXPECT_EQ(FormatOfPath("svg"), std::nullopt);
  EXPECT_EQ(FormatOfPath("a.svgz"), std::nullopt);
  EXPECT_EQ(FormatOfPath(""), std::nullopt);
}

TEST(FigureFileTest, SvgIsWellFormedXml) {
  const std::string svg = Svg(MakeTestLens());
  EXPECT_THAT(svg, StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                              "<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, HasSubstr("<title>Logit lens: toy: \"The sky is\"</title>"));
  EXPECT_GT(WellFormedElements(svg), 9u);  // at least the cells
}

TEST(FigureFileTest, TextOfSvgIsOutlines) {
  EXPECT_THAT(Svg(MakeTestLens()), Not(HasSubstr("<text")));
}

TEST(FigureFileTest, SameInputSameBytes) {
  TestLens test = testutil::MakeFigureLens(12, 8, testutil::HostileTexts());
  for (const FigureFormat format :
       {FigureFormat::kSvg, FigureFormat::kPng, FigureFormat::kPdf}) {
    const std::string file = File(test, format);
    EXPECT_EQ(file, File(test, format));
    EXPECT_NE(file, File(test, format, {.metric = Metric::kKl}));
  }
}

TEST(FigureFileTest, CellsHaveTheColoursOfTheirValues) {
  const std::string svg = Svg(MakeTestLens());
  // Probabilities 1 and 0, as Cairo writes them.
  EXPECT_THAT(svg, HasSubstr("99.215686%,90.588235%,14.509804%"));
  EXPECT_THAT(svg, HasSubstr("26.666667%,0.392157%,32.941176%"));
}

TEST(FigureFileTest, AnyBytesMakeAValidSvg) {
  TestLens test = testutil::MakeFigureLens(20, 6, testutil::HostileTexts());
  test.model.ref = "a<b>&\x01";
  EXPECT_GT(WellFormedElements(Svg(test)), 9u);
}

// The width and height that a PNG's header states.
std::pair<int, int> PngSize(const std::string& png) {
  const auto number = [&](std::size_t at) {
    int value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      value = value * 256 + static_cast<unsigned char>(png[i]);
    }
    return value;
  };
  return {number(16), number(20)};
}

TEST(FigureFileTest, PngHasTheScale) {
  Page page(TextPainter::Create().value(), "t");
  page.Resize(72, 36);  // an inch by a half
  const std::string one = WriteFigure(page, FigureFormat::kPng, 1).value();
  EXPECT_THAT(one, StartsWith("\x89PNG\r\n\x1a\n"));
  EXPECT_EQ(PngSize(one), std::pair(96, 48));
  EXPECT_EQ(PngSize(WriteFigure(page, FigureFormat::kPng, 2.5).value()),
            std::pair(240, 120));
}

TEST(FigureFileTest, TooManyPixelsNameTheRemedy) {
  Page page(TextPainter::Create().value(), "t");
  page.Resize(7200, 3600);
  const auto png = WriteFigure(page, FigureFormat::kPng, 3);
  ASSERT_FALSE(png.ok());
  EXPECT_EQ(png.error().code, ErrorCode::kUsage);
  EXPECT_EQ(png.error().message,
            "draw figure: PNG: 28800 x 14400 pixels are too many, at most "
            "32767 a side and 67108864 in all; give a smaller --plot-scale "
            "than 3, fewer --positions, or a .svg or .pdf file");
  page.Resize(20000, 10);
  EXPECT_FALSE(WriteFigure(page, FigureFormat::kPng, 2).ok());
  EXPECT_FALSE(WriteFigure(page, FigureFormat::kPdf, 2).ok());
  EXPECT_TRUE(WriteFigure(page, FigureFormat::kSvg, 2).ok());
}

TEST(FigureFileTest, PdfIsWholeAndUndated) {
  const std::string pdf = File(MakeTestLens(), FigureFormat::kPdf);
  EXPECT_THAT(pdf, StartsWith("%PDF-1."));
  EXPECT_THAT(pdf, EndsWith("%%EOF\n"));
  EXPECT_THAT(pdf, Not(HasSubstr("CreationDate")));
}

// Fontconfig reads its configuration once a process: the check runs in one of
// its own.
TEST(FigureFileDeathTest, NoFontIsAnErrorNotAPictureOfBoxes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::string config = ::testing::TempDir() + "pellucid_no_fonts.conf";
  std::ofstream(config) << "<?xml version=\"1.0\"?>\n<fontconfig/>\n";
  EXPECT_EXIT(
      {
        setenv("FONTCONFIG_FILE", config.c_str(), /*overwrite=*/1);
        const TestLens test = MakeTestLens();
        const auto page = MakeLensFigure(test.Report());
        const bool right =
            !page.ok() && page.error().code == ErrorCode::kFailed &&
            page.error().message.find("none is installed") != std::string::npos;
        std::exit(right ? 7 : 1);
      },
      // Not by a regular expression: Oniguruma, where it is linked, brings a
      // regexec of its own that GoogleTest then calls.
      ::testing::ExitedWithCode(7), HasSubstr(""));
}

}  // namespace
}  // namespace pellucid::render
