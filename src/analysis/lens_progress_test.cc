#include "analysis/lens_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace pellucid {
namespace {

using ::testing::ElementsAre;

TEST(StagedProgressTest, EachStageTakesItsShare) {
  std::vector<double> told;
  StagedProgress stages([&](double done) { told.push_back(done); }, 8);
  const Progress first = stages.Next(2);
  first(0.5);
  first(1);
  const Progress second = stages.Next(6);
  second(0.5);
  second(1);
  EXPECT_THAT(told, ElementsAre(0.125, 0.25, 0.625, 1));
}

TEST(StagedProgressTest, TellsNobodyWhereNobodyAsks) {
  StagedProgress stages({}, 1);
  EXPECT_FALSE(stages.Next(1));
}

}  // namespace
}  // namespace pellucid
