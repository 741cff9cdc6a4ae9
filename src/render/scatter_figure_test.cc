#include "render/scatter_figure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "render/figure_file.h"
#include "render/figure_style.h"

namespace pellucid::render {
namespace {

using ::testing::HasSubstr;

ScatterPlot MakePlot() {
  return {.title = "Estimates",
          .prompt = "\"The capital of France is\"",
          .x_title = "effect",
          .y_title = "estimate",
          .points = {{-1, -0.5}, {0, 0.25}, {2, 1.5}},
          .notes = {"rank correlation 1"}};
}

TEST(ScatterFigureTest, AllTextsLieOnThePage) {
  const auto page = MakeScatterFigure(MakePlot());
  ASSERT_TRUE(page.ok()) << page.error().message;
  const Rect whole{0, 0, page->width(), page->height()};
  const auto has = [&](const std::string& text) {
    return std::ranges::any_of(page->texts(), [&](const Page::Text& t) {
      return t.text.find(text) != std::string::npos;
    });
  };
  for (const char* text : {"Estimates", "effect", "estimate", "capital",
                           "rank correlation 1", "2"}) {
    EXPECT_TRUE(has(text)) << text;
  }
  for (const Page::Text& text : page->texts()) {
    EXPECT_TRUE(whole.Contains(text.box, 0.1)) << text.text;
  }
}

TEST(ScatterFigureTest, EqualPlotsGiveEqualFiles) {
  const auto file = [] {
    return WriteFigure(MakeScatterFigure(MakePlot()).value(),
                       FigureFormat::kSvg, 1)
        .value();
  };
  EXPECT_EQ(file(), file());
  EXPECT_THAT(file(), HasSubstr("<svg"));
}

TEST(ScatterFigureTest, RefusesWhatItCannotDraw) {
  ScatterPlot plot = MakePlot();
  const auto small =
      MakeScatterFigure(plot, FigureSize{kPointsPerInch, kPointsPerInch});
  ASSERT_FALSE(small.ok());
  EXPECT_THAT(small.error().message, HasSubstr("--figure-size"));
  plot.points.clear();
  EXPECT_FALSE(MakeScatterFigure(plot).ok());
}

}  // namespace
}  // namespace pellucid::render
