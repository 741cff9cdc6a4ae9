#include "render/target_lines.h"

#include <limits>

#include "gtest/gtest.h"
#include "render/test_figure_lens.h"

namespace pellucid::render {
namespace {

using testutil::MakeTestLens;
using testutil::TestLens;
using Positions = std::vector<std::size_t>;

TEST(TargetLinesTest, WithoutTargetsTheFollowedToken) {
  TestLens test = MakeTestLens();
  testutil::Follow(test.lens);
  const auto lines =
      TakeTargetLines(test.Report(), Metric::kRank, Positions{2}).value();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].name, "\" blue\"");
  ASSERT_EQ(lines[0].points.size(), 3u);
  EXPECT_EQ(lines[0].points[0].layer, -1);
  EXPECT_EQ(lines[0].points[0].value, 7);
  EXPECT_EQ(lines[0].points[2].value, 1);
  EXPECT_EQ(lines[0].first_hit, 1u);
  EXPECT_EQ(lines[0].stable_from, 1u);
}

TEST(TargetLinesTest, EachTargetAtEachPosition) {
  TestLens test = MakeTestLens();
  testutil::Follow(test.lens);
  testutil::AddTarget(test.lens);
  const auto lines =
      TakeTargetLines(test.Report(), Metric::kProb, Positions{0, 2}).value();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].name, "\",\"");
  EXPECT_EQ(lines[0].position, 0u);
  EXPECT_EQ(lines[0].points[1].value, 0.125);
  EXPECT_EQ(lines[0].first_hit, 0u);
  EXPECT_EQ(lines[0].stable_from, std::nullopt);
  EXPECT_EQ(lines[1].place, 1u);
  EXPECT_EQ(lines[1].stable_from, 1u);
}

TEST(TargetLinesTest, NanIsNoPoint) {
  TestLens test = MakeTestLens();
  testutil::AddTarget(test.lens);
  test.lens.rows[1].cells[2].targets[0].score.prob =
      std::numeric_limits<float>::quiet_NaN();
  const auto lines =
      TakeTargetLines(test.Report(), Metric::kProb, Positions{2}).value();
  EXPECT_EQ(lines[0].points.size(), 2u);
}

TEST(TargetLinesTest, PointsInsideABlockAreLeftOutBesideBlockOutputs) {
  TestLens test = MakeTestLens();
  testutil::AddTarget(test.lens);
  test.lens.rows[1].site = "model.layers.0.self_attn";
  const auto lines =
      TakeTargetLines(test.Report(), Metric::kProb, Positions{2}).value();
  EXPECT_EQ(lines[0].points.size(), 2u);
}

TEST(TargetLinesTest, WithoutBlockOutputsAllRowsSideBySide) {
  TestLens test = MakeTestLens();
  testutil::AddTarget(test.lens);
  test.lens.rows.erase(test.lens.rows.begin());
  test.lens.rows[0] = test.lens.rows[1];
  test.lens.rows[0].site = "model.layers.1.self_attn";
  test.lens.rows[1].site = "model.layers.1.mlp";
  const auto lines =
      TakeTargetLines(test.Report(), Metric::kProb, Positions{2}).value();
  ASSERT_EQ(lines[0].points.size(), 2u);
  EXPECT_EQ(lines[0].points[0].layer, 1.0);
  EXPECT_EQ(lines[0].points[1].layer, 1.5);
}

TEST(TargetLinesTest, WhatCannotBeDrawn) {
  TestLens test = MakeTestLens();
  const auto error = [&](Metric metric, std::size_t position) {
    return TakeTargetLines(test.Report(), metric, Positions{position}).error();
  };
  EXPECT_EQ(error(Metric::kProb, 2).code, ErrorCode::kFailed);
  testutil::Follow(test.lens);
  EXPECT_EQ(error(Metric::kKl, 2).code, ErrorCode::kUsage);
  EXPECT_EQ(error(Metric::kProb, 3).message,
            "draw figure: targets: position 3 is not among --positions; list "
            "it there, or choose another");
}

}  // namespace
}  // namespace pellucid::render
