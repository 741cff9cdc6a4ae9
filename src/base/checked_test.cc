#include "base/checked.h"

#include <limits>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(CheckedTest, ProductsThatFitAndThatDoNot) {
  EXPECT_EQ(CheckedMultiply(2, 3), 6u);
  EXPECT_EQ(CheckedMultiply(kMost, 1), kMost);
  EXPECT_EQ(CheckedMultiply(kMost, 0), 0u);
  EXPECT_EQ(CheckedMultiply(kMost / 2 + 1, 2), std::nullopt);
}

}  // namespace
}  // namespace pellucid
