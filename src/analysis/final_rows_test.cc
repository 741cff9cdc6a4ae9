// BestOfHead is compared with the pass of every lens: lens_test.cc and others
// expect a difference of 0.
#include "analysis/final_rows.h"

#include <gtest/gtest.h>

#include <vector>

namespace pellucid {
namespace {

using Best = std::vector<TopLogit>;

TEST(FinalRowsTest, TheWorstDifferenceIsById) {
  const Best head = {{5.0f, 8}, {4.0f, 2}, {1.0f, 3}};
  EXPECT_EQ(WorstDifference(head, head), 0);
  EXPECT_EQ(WorstDifference(Best{{5.0f, 8}, {4.25f, 2}, {0.5f, 3}}, head), 0.5);
  // In another order: each with its own.
  EXPECT_EQ(WorstDifference(Best{{4.5f, 2}, {4.0f, 8}}, head), 1);
}

TEST(FinalRowsTest, AnIdThatTheHeadLacksIsAsFarAsItsLast) {
  const Best head = {{5.0f, 8}, {4.0f, 2}};
  EXPECT_EQ(WorstDifference(Best{{5.0f, 8}, {6.0f, 77}}, head), 2);
}

}  // namespace
}  // namespace pellucid
