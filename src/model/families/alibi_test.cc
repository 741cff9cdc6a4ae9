#include "model/families/alibi.h"

#include <gtest/gtest.h>

namespace pellucid::families {
namespace {

TEST(AlibiTest, PowersOfTwoHalveOrQuarter) {
  EXPECT_EQ(AlibiSlopes(1), (std::vector<float>{0.00390625f}));
  EXPECT_EQ(AlibiSlopes(2), (std::vector<float>{0.0625f, 0.00390625f}));
  EXPECT_EQ(AlibiSlopes(8),
            (std::vector<float>{0.5f, 0.25f, 0.125f, 0.0625f, 0.03125f,
                                0.015625f, 0.0078125f, 0.00390625f}));
}

// Four of four, then the first and third of eight.
TEST(AlibiTest, OtherNumbersBorrowFromThePowerAbove) {
  EXPECT_EQ(AlibiSlopes(6), (std::vector<float>{0.25f, 0.0625f, 0.015625f,
                                                0.00390625f, 0.5f, 0.125f}));
}

}  // namespace
}  // namespace pellucid::families
