#include "analysis/pulled_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "testutil/noise.h"

namespace pellucid {
namespace {

// More rows than a wave of blocks, and no whole number of blocks.
constexpr std::size_t kRows = 1000, kCols = 7;

struct Sample {
  std::vector<float> weights = testutil::Noise(kRows * kCols, 1);
  std::vector<double> direction;

  Sample() {
    for (const float g : testutil::Noise(kRows, 2)) direction.push_back(g);
  }
  WeightView View() const {
    return {.dtype = DType::kF32,
            .data = reinterpret_cast<const std::byte*>(weights.data()),
            .rows = kRows,
            .cols = kCols,
            .row_bytes = kCols * sizeof(float),
            .row_order = {}};
  }
};

TEST(PulledWeightsTest, SumsColumnsAlongTheDirection) {
  const Sample sample;
  const TaskPool pool(2);
  const PulledWeights pulled = PullBack(pool, sample.View(), sample.direction);
  ASSERT_EQ(pulled.sums.size(), kCols);
  ASSERT_EQ(pulled.magnitudes.size(), kCols);
  for (std::size_t j = 0; j < kCols; ++j) {
    double sum = 0, magnitude = 0;
    for (std::size_t k = 0; k < kRows; ++k) {
      const double term = sample.direction[k] *
                          static_cast<double>(sample.weights[k * kCols + j]);
      sum += term;
      magnitude += std::fabs(term);
    }
    // Of float64, another order of 1000 terms below 1.
    EXPECT_NEAR(pulled.sums[j], sum, kRows * 1e-15);
    EXPECT_NEAR(pulled.magnitudes[j], magnitude, kRows * 1e-13);
  }
}

TEST(PulledWeightsTest, ThreadsChangeNoBit) {
  const Sample sample;
  const PulledWeights one =
      PullBack(TaskPool(1), sample.View(), sample.direction);
  const PulledWeights three =
      PullBack(TaskPool(3), sample.View(), sample.direction);
  EXPECT_EQ(one.sums, three.sums);
  EXPECT_EQ(one.magnitudes, three.magnitudes);
}

}  // namespace
}  // namespace pellucid
