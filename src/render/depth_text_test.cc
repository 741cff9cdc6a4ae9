#include "render/depth_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testutil::MakeTestLens;
using testutil::TestLens;

TEST(DepthTextTest, SaysFirstAndStable) {
  EXPECT_EQ(DescribeDepth("x", {26, 27}, 30),
            "x is first top-1 at layer 26 and stays from layer 27");
  EXPECT_EQ(DescribeDepth("x", {27, 27}, 30), "x is top-1 from layer 27 on");
  EXPECT_EQ(DescribeDepth("x", {29, 29}, 30),
            "x is top-1 only at the last layer, 29");
  EXPECT_EQ(DescribeDepth("x", {0, 0}, 30), "x is top-1 at every layer");
  EXPECT_EQ(DescribeDepth("x", {5, std::nullopt}, 30),
            "x is first top-1 at layer 5 and does not stay");
  EXPECT_EQ(DescribeDepth("x", {}, 30), "x is never top-1");
}

TEST(DepthTextTest, NothingFollowedNothingSaid) {
  EXPECT_THAT(DepthLines(MakeTestLens().Report()), IsEmpty());
}

TEST(DepthTextTest, FollowedTokenAndTargets) {
  TestLens test = MakeTestLens();
  testutil::Follow(test.lens);
  testutil::AddTarget(test.lens);
  EXPECT_THAT(
      DepthLines(test.Report()),
      ElementsAre("\" blue\" is top-1 only at the last layer, 1",
                  "target \",\" is first top-1 at layer 0 and stays from "
                  "layer 1"));
}

TEST(DepthTextTest, WithoutFollowedTheRowsTell) {
  TestLens test = MakeTestLens();
  testutil::Follow(test.lens);
  test.lens.followed.reset();
  EXPECT_THAT(DepthLines(test.Report()),
              ElementsAre("\" blue\" is top-1 only at the last layer, 1"));
  test.lens.rows.erase(test.lens.rows.begin() + 1);
  test.model.n_layers = 3;
  EXPECT_THAT(
      DepthLines(test.Report()),
      ElementsAre("\" blue\" is top-1 from layer 1 on, of the layers shown"));
}

TEST(DepthTextTest, NamesThePositionWhereItIsNotTheLast) {
  TestLens test = MakeTestLens();
  testutil::Follow(test.lens);
  test.lens.positions = {0, 1};
  EXPECT_THAT(
      DepthLines(test.Report()),
      ElementsAre("\" blue\" is top-1 only at the last layer, 1 (position 1)"));
}

}  // namespace
}  // namespace pellucid::render
