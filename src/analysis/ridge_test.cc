#include "analysis/ridge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testutil/noise.h"

namespace pellucid {
namespace {

constexpr std::size_t kD = 5;

struct Pairs {
  std::vector<float> x, y;
  ConstMatrixView X(std::size_t begin, std::size_t count) const {
    return {x.data() + begin * kD, count, kD};
  }
  ConstMatrixView Y(std::size_t begin, std::size_t count) const {
    return {y.data() + begin * kD, count, kD};
  }
};

// y = W x + b + noise, with W[i][j] = i - 2 j, b[i] = 10 i.
Pairs Make(std::size_t rows, float noise) {
  Pairs out{testutil::Noise(rows * kD, 1), testutil::Noise(rows * kD, 2)};
  for (std::size_t r = 0; r < rows; ++r) {
    // Far from zero, so that an uncentred sum would lose digits.
    for (std::size_t j = 0; j < kD; ++j) {
      out.x[r * kD + j] += 100 * static_cast<float>(j);
    }
    for (std::size_t i = 0; i < kD; ++i) {
      double y = 10.0 * static_cast<double>(i);
      for (std::size_t j = 0; j < kD; ++j) {
        y += (static_cast<double>(i) - 2.0 * static_cast<double>(j)) *
             static_cast<double>(out.x[r * kD + j]);
      }
      float& value = out.y[r * kD + i];
      value = static_cast<float>(y) + noise * value;
    }
  }
  return out;
}

AffineMap Fit(const Pairs& pairs, const std::vector<std::size_t>& batches,
              double ridge, std::size_t threads = 1) {
  const TaskPool pool(threads);
  PairMoments moments(kD);
  std::size_t begin = 0;
  for (const std::size_t rows : batches) {
    moments.Add(pool, pairs.X(begin, rows), pairs.Y(begin, rows));
    begin += rows;
  }
  EXPECT_EQ(moments.count(), begin);
  return moments.Solve(pool, ridge).value();
}

TEST(RidgeTest, FindsAnExactMap) {
  const AffineMap map = Fit(Make(64, 0), {64}, 0);
  for (std::size_t i = 0; i < kD; ++i) {
    for (std::size_t j = 0; j < kD; ++j) {
      // y is rounded at 1e3 to 2^-14 or so, x varies by 1.
      EXPECT_NEAR(map.weight.Row(i)[j],
                  static_cast<double>(i) - 2.0 * static_cast<double>(j), 1e-3);
    }
    EXPECT_NEAR(map.bias[i], 10.0 * static_cast<double>(i), 0.5);
  }
}

TEST(RidgeTest, BatchesChangeOnlyTheRounding) {
  const Pairs pairs = Make(64, 1);
  const AffineMap whole = Fit(pairs, {64}, 1e-3);
  const AffineMap parts = Fit(pairs, {1, 20, 3, 40}, 1e-3);
  for (std::size_t k = 0; k < kD * kD; ++k) {
    EXPECT_NEAR(parts.weight.data[k], whole.weight.data[k], 1e-3);
  }
}

TEST(RidgeTest, ThreadsChangeNothing) {
  const Pairs pairs = Make(64, 1);
  const AffineMap one = Fit(pairs, {30, 34}, 1e-3, 1);
  const AffineMap three = Fit(pairs, {30, 34}, 1e-3, 3);
  EXPECT_EQ(one.weight.data, three.weight.data);
  EXPECT_EQ(one.bias, three.bias);
}

// The gradient of what Solve minimises is zero where it says.
TEST(RidgeTest, IsTheMinimum) {
  const Pairs pairs = Make(40, 1);
  const double ridge = 0.1;
  const AffineMap map = Fit(pairs, {40}, ridge);
  std::vector<double> mean(kD);
  for (std::size_t r = 0; r < 40; ++r) {
    for (std::size_t j = 0; j < kD; ++j) {
      mean[j] += static_cast<double>(pairs.x[r * kD + j]) / 40;
    }
  }
  double variance = 0;
  for (std::size_t r = 0; r < 40; ++r) {
    for (std::size_t j = 0; j < kD; ++j) {
      variance +=
          std::pow(static_cast<double>(pairs.x[r * kD + j]) - mean[j], 2) / kD;
    }
  }
  for (std::size_t i = 0; i < kD; ++i) {
    for (std::size_t j = 0; j < kD; ++j) {
      double gradient =
          ridge * variance * static_cast<double>(map.weight.Row(i)[j]);
      for (std::size_t r = 0; r < 40; ++r) {
        double residual = static_cast<double>(map.bias[i]) -
                          static_cast<double>(pairs.y[r * kD + i]);
        for (std::size_t k = 0; k < kD; ++k) {
          residual += static_cast<double>(map.weight.Row(i)[k]) *
                      static_cast<double>(pairs.x[r * kD + k]);
        }
        gradient +=
            residual * (static_cast<double>(pairs.x[r * kD + j]) - mean[j]);
      }
      // Terms of some 1e2, residuals rounded at 1e3 to 2^-14.
      EXPECT_NEAR(gradient, 0, 0.1) << i << ", " << j;
    }
  }
}

TEST(RidgeTest, RefusesWhatFixesNoMap) {
  const TaskPool pool(1);
  PairMoments none(kD);
  EXPECT_FALSE(none.Solve(pool, 1).ok());
  PairMoments few(kD);
  const Pairs pairs = Make(3, 0);
  few.Add(pool, pairs.X(0, 3), pairs.Y(0, 3));
  const auto singular = few.Solve(pool, 0);
  ASSERT_FALSE(singular.ok());
  EXPECT_THAT(singular.error().message, ::testing::HasSubstr("greater ridge"));
  EXPECT_TRUE(few.Solve(pool, 1e-2).ok());
}

}  // namespace
}  // namespace pellucid
