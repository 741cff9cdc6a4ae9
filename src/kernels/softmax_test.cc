#include "kernels/softmax.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "testutil/noise.h"

namespace pellucid::kernels {
namespace {

// Each number is an exp of 1 ULP, a sum of few terms and a division.
TEST(Softmax, IsTheDefinition) {
  for (const std::size_t count : {1u, 2u, 15u, 16u, 17u, 60u, 128u}) {
    std::vector<float> x = testutil::Noise(count, count);
    for (float& v : x) v *= 5;
    double max = -1e9, sum = 0;
    for (const float v : x) max = std::max(max, double{v});
    for (const float v : x) sum += std::exp(v - max);
    const std::vector<float> before = x;
    Softmax(x);
    for (std::size_t i = 0; i < count; ++i) {
      const double exact = std::exp(before[i] - max) / sum;
      EXPECT_NEAR(x[i], exact, 20 * 0x1p-24 * exact) << count << ", " << i;
    }
  }
}

TEST(Softmax, OfNothingAndOfNoNumber) {
  Softmax({});
  std::vector<float> x = {1, std::numeric_limits<float>::quiet_NaN()};
  Softmax(x);
  EXPECT_TRUE(std::isnan(x[0]));
}

TEST(Sigmoid, IsTheDefinition) {
  EXPECT_EQ(Sigmoid(0), 0.5f);
  EXPECT_EQ(Sigmoid(200), 1.0f);
  EXPECT_EQ(Sigmoid(-200), 0.0f);
  for (float x = -20; x < 20; x += 0.37f) {
    const double exact = 1 / (1 + std::exp(-double{x}));
    EXPECT_NEAR(Sigmoid(x), exact, 8 * 0x1p-24 * exact) << x;
  }
}

}  // namespace
}  // namespace pellucid::kernels
