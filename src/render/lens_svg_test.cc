#include "render/lens_svg.h"

#include <cstdlib>
#include <fstream>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testutil::MakeTestLens;
using testutil::TestLens;

std::string Svg(const TestLens& test, const FigureOptions& options = {}) {
  return LensSvg(test.Report(), options).value();
}

// Every element that is opened is closed, in order; Cairo writes no comments
// and no '>' in attributes. Returns the number of elements, 0 if ill-formed.
std::size_t WellFormedElements(const std::string& xml) {
  std::vector<std::string> open;
  std::size_t elements = 0;
  for (std::size_t at = xml.find('<'); at != std::string::npos;
       at = xml.find('<', at + 1)) {
    const std::size_t end = xml.find('>', at);
    if (end == std::string::npos) return 0;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" \n/", 1));
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

TEST(LensSvgTest, IsWellFormedXml) {
  const std::string svg = Svg(MakeTestLens());
  EXPECT_THAT(svg, StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                              "<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_GT(WellFormedElements(svg), 9u);  // at least the cells
}

TEST(LensSvgTest, TextIsOutlines) {
  EXPECT_THAT(Svg(MakeTestLens()), Not(HasSubstr("<text")));
}

TEST(LensSvgTest, SameInputSameBytes) {
  TestLens test = MakeTestLens();
  testutil::Follow(test.lens);
  EXPECT_EQ(Svg(test), Svg(test));
  EXPECT_NE(Svg(test), Svg(test, {.metric = Metric::kKl}));
}

TEST(LensSvgTest, CellsHaveTheColoursOfTheirValues) {
  const std::string svg = Svg(MakeTestLens());
  // Probabilities 1 and 0, as Cairo writes them.
  EXPECT_THAT(svg, HasSubstr("99.215686%,90.588235%,14.509804%"));
  EXPECT_THAT(svg, HasSubstr("26.666667%,0.392157%,32.941176%"));
}

TEST(LensSvgTest, AnyBytesMakeAValidFile) {
  TestLens test = MakeTestLens();
  test.texts = [](TokenId id) -> std::optional<std::string> {
    const std::vector<std::string> texts = {std::string("\0<&>\"", 5),
                                            "\xff\xfe", "\u202e\u0639", "",
                                            "\U0001f468\u200d\U0001f469"};
    return texts[static_cast<std::size_t>(id) % texts.size()];
  };
  test.model.ref = "a<b>&\x01";
  EXPECT_GT(WellFormedElements(Svg(test)), 9u);
}

TEST(LensSvgTest, OneTokenOneRow) {
  TestLens test = MakeTestLens();
  test.lens.ids = {0};
  test.lens.positions = {0};
  test.lens.rows.resize(1);
  test.lens.rows[0].cells.resize(1);
  EXPECT_GT(WellFormedElements(Svg(test)), 1u);
}

// Fontconfig reads its configuration once a process: the check runs in one of
// its own.
TEST(LensSvgDeathTest, NoFontIsAnErrorNotAPictureOfBoxes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::string config = ::testing::TempDir() + "pellucid_no_fonts.conf";
  std::ofstream(config) << "<?xml version=\"1.0\"?>\n<fontconfig/>\n";
  EXPECT_EXIT(
      {
        setenv("FONTCONFIG_FILE", config.c_str(), /*overwrite=*/1);
        const TestLens test = MakeTestLens();
        const auto svg = LensSvg(test.Report());
        const bool right =
            !svg.ok() && svg.error().code == ErrorCode::kFailed &&
            svg.error().message.find("none is installed") != std::string::npos;
        std::exit(right ? 7 : 1);
      },
      ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace pellucid::render
