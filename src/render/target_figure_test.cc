#include "render/target_figure.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "render/test_figure_lens.h"

namespace pellucid::render {
namespace {

using testutil::HostileTexts;
using testutil::MakeFigureLens;
using testutil::Overlap;
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
      EXPECT_FALSE(Overlap(texts[i].box, texts[j].box))
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

TestLens MakeLensOfTargets(std::size_t count) {
  TestLens test = MakeLens();
  for (LensRow& row : test.lens.rows) {
    for (LensCell& cell : row.cells) {
      cell.targets.resize(count, cell.targets[0]);
    }
  }
  test.lens.targets.resize(count, test.lens.targets[0]);
  return test;
}

// The page grows with its legend. Where its size is given, what has no room is
// counted, and a note says what to do.
TEST(TargetFigureTest, ALegendIsWholeOrSaysThatItIsNot) {
  const std::string remedy =
      "The whole legend has room in a larger --figure-size";
  const auto counted = [](const Page& page) {
    for (const std::string& text : TextsOf(page)) {
      if (text.starts_with("and ") && text.ends_with(" more")) return true;
    }
    return false;
  };
  const TestLens test = MakeLensOfTargets(28);
  const Page whole = MakeTargetFigure(test.Report()).value();
  EXPECT_FALSE(counted(whole));
  EXPECT_FALSE(Has(whole, remedy));
  const FigureSize same = {whole.width(), whole.height()};
  EXPECT_FALSE(
      counted(MakeTargetFigure(test.Report(), {.size = same}).value()));
  const FigureSize low = {whole.width(), whole.height() - 40};
  const Page cut = MakeTargetFigure(test.Report(), {.size = low}).value();
  EXPECT_TRUE(counted(cut));
  EXPECT_TRUE(Has(cut, remedy));
  ExpectTidy(cut);
}

TEST(TargetFigureTest, NoTwoLinesLookAlike) {
  const auto error = [](std::size_t targets,
                        const std::vector<std::size_t>& positions) {
    const auto page = MakeTargetFigure(MakeLensOfTargets(targets).Report(),
                                       {.positions = positions});
    if (page.ok()) return std::string();
    EXPECT_EQ(page.error().code, ErrorCode::kUsage);
    return page.error().message;
  };
  EXPECT_EQ(error(7, {0, 7}), "");
  EXPECT_EQ(error(8, {0, 7}),
            "draw figure: targets: 8 tokens at 2 positions are more than the "
            "7 that can be told apart; give fewer --target, or one of "
            "--plot-target-positions");
  EXPECT_EQ(error(28, {7}), "");
  EXPECT_EQ(error(29, {7}),
            "draw figure: targets: 29 tokens at 1 position are more than the "
            "28 that can be told apart; give fewer --target");
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
