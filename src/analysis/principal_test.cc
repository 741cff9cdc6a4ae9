#include "analysis/principal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

TEST(FirstPrincipalTest, OfOneRowIsThatRow) {
  const std::vector<double> rows = {3, 0, -4};
  const auto found = FirstPrincipal(rows, 3);
  ASSERT_TRUE(found.ok());
  EXPECT_NEAR(found->direction[0], 0.6, 1e-15);
  EXPECT_NEAR(found->direction[2], -0.8, 1e-15);
  EXPECT_NEAR(found->mean_square, 25, 1e-13);
}

// Rows along two known directions that are at right angles: 5 squares along
// the first, 4.5 along the second.
TEST(FirstPrincipalTest, FindsTheLargerOfTwo) {
  const std::vector<double> rows = {1, 2, 0, 0, 0, 0, 1.5, 1.5, 0, 0, 0, 0};
  const auto found = FirstPrincipal(rows, 4);
  ASSERT_TRUE(found.ok());
  const std::vector<double> expected = {1 / std::sqrt(5), 2 / std::sqrt(5), 0,
                                        0};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(std::fabs(found->direction[i]), expected[i], 1e-11);
  }
  EXPECT_NEAR(found->mean_square, 5.0 / 3, 1e-12);
}

// It is an eigenvector of the sum of outer products, and no other direction has
// more: checked against random ones.
TEST(FirstPrincipalTest, NoDirectionHasMore) {
  constexpr std::size_t kWidth = 7, kCount = 20;
  const auto noise = testutil::Noise(kWidth * kCount, 3);
  const std::vector<double> rows(noise.begin(), noise.end());
  const auto found = FirstPrincipal(rows, kWidth);
  ASSERT_TRUE(found.ok());
  const auto mean_square = [&](const std::vector<double>& v) {
    double sum = 0, length = 0;
    for (const double x : v) length += x * x;
    for (std::size_t r = 0; r < kCount; ++r) {
      double along = 0;
      for (std::size_t i = 0; i < kWidth; ++i) {
        along += rows[r * kWidth + i] * v[i];
      }
      sum += along * along;
    }
    return sum / kCount / length;
  };
  EXPECT_NEAR(mean_square(found->direction), found->mean_square, 1e-12);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto other = testutil::Noise(kWidth, 100 + seed);
    std::vector<double> near = found->direction;
    for (std::size_t i = 0; i < kWidth; ++i) {
      near[i] += 0.05 * static_cast<double>(other[i]);
    }
    EXPECT_LE(mean_square(near), found->mean_square + 1e-12);
    EXPECT_LT(mean_square({other.begin(), other.end()}), found->mean_square);
  }
}

TEST(FirstPrincipalTest, RefusesWhatHasNone) {
  const std::vector<double> zeros(6);
  EXPECT_THAT(FirstPrincipal(zeros, 3).error().message, HasSubstr("zero"));
  // Axes with squares 1 and 0.9995, rows half way between them: 5,000 steps
  // leave exp(-2.5) of the angle.
  const double s = std::sqrt(0.9995);
  const std::vector<double> equal = {1, s, 1, -s};
  const auto found = FirstPrincipal(equal, 2);
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message, HasSubstr("nearly equally large"));
}

}  // namespace
}  // namespace pellucid
