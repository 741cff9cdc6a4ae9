#include "render/target_figure.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "render/test_figure_lens.h"

namespace pellucid::render {
namespace {

using testutil::HostileTexts;
using testutil::MakeFigureLens;
using testutil::PlainTexts;
using testutil::TestLens;

TestLens MakeLens(const std::vector<std::string>& texts = PlainTexts()) {
  TestLens test = MakeFigureLens(8, 31, texts);
  testutil::AddLines(test);
  return test;
}

void ExpectTidy(const Page& page) {
  const Rect whole = {0, 0, page.width(), page.height()};
  const auto& texts = page.texts();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_TRUE(whole.Contains(texts[i].box, 0.01)) << texts[i].text;
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_FALSE(texts[i].box.Overlaps(texts[j].box, 0.8))
          << texts[i].text << " and " << texts[j].text;
    }
  }
}

std::vector<std::string> TextsOf(const Page& page) {
  std::vector<std::string> texts;
  for (const Page::Text& text : page.texts()) texts.push_back(text.text);
  return texts;
}

bool Has(const Page& page, const std::string& text) {
  for (const std::string& one : TextsOf(page)) {
    if (one == text) return true;
  }
  return false;
}

TEST(TargetFigureTest, IsTidyForEveryMetricAndSize) {
  for (const auto& texts : {PlainTexts(), HostileTexts()}) {
    const TestLens test = MakeLens(texts);
    for (const Metric metric :
         {Metric::kProb, Metric::kLogprob, Metric::kRank, Metric::kLogit}) {
      ExpectTidy(MakeTargetFigure(test.Report(), {.metric = metric}).value());
      ExpectTidy(MakeTargetFigure(test.Report(), {.metric = metric,
                                                  .size = FigureSize{700, 400},
                                                  .positions = {0, 3, 7}})
                     .value());
    }
  }
}

TEST(TargetFigureTest, NamesLinesMarksAndPlace) {
  const Page page = MakeTargetFigure(MakeLens().Report()).value();
  EXPECT_TRUE(Has(page, "\" capital\""));
  EXPECT_TRUE(Has(page, "\",\""));
  EXPECT_TRUE(Has(page, "first top-1"));
  EXPECT_TRUE(Has(page, "stays top-1"));
  EXPECT_TRUE(Has(page, "probability"));
  EXPECT_TRUE(Has(page, "Read at position 7, after \" France\""));
}

TEST(TargetFigureTest, SeveralPositionsAreNamedInTheLegend) {
  const Page page =
      MakeTargetFigure(MakeLens().Report(), {.positions = {2, 7}}).value();
  EXPECT_TRUE(Has(page, "\" capital\" at 2"));
  EXPECT_TRUE(Has(page, "\" capital\" at 7"));
  EXPECT_FALSE(Has(page, "Read at position 7, after \" France\""));
}

TEST(TargetFigureTest, ALegendThatIsTooLongIsCounted) {
  TestLens test = MakeLens();
  for (LensRow& row : test.lens.rows) {
    for (LensCell& cell : row.cells) cell.targets.resize(40, cell.targets[0]);
  }
  test.lens.targets.resize(40, test.lens.targets[0]);
  const Page page = MakeTargetFigure(test.Report()).value();
  bool counted = false;
  for (const std::string& text : TextsOf(page)) {
    counted = counted || (text.starts_with("and ") && text.ends_with(" more"));
  }
  EXPECT_TRUE(counted);
}

TEST(TargetFigureTest, WhatCannotBeDrawn) {
  const TestLens test = MakeLens();
  const auto error = [&](const TargetFigureOptions& options) {
    return MakeTargetFigure(test.Report(), options).error();
  };
  EXPECT_EQ(error({.size = FigureSize{100, 100}}).code, ErrorCode::kUsage);
  EXPECT_EQ(error({.positions = {0, 1, 2, 3, 4}}).message,
            "draw figure: targets: 5 positions are more than the 4 line "
            "styles; give fewer --plot-target-positions");
  EXPECT_EQ(error({.metric = Metric::kEntropy}).code, ErrorCode::kUsage);
  EXPECT_FALSE(MakeTargetFigure(TestLens{}.Report()).ok());
}

}  // namespace
}  // namespace pellucid::render
