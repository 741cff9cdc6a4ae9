#include "kernels/activation_slope.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/activation_slope.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::Noise;

constexpr Activation kAll[] = {Activation::kSilu,      Activation::kGelu,
                               Activation::kGeluTanh,  Activation::kGeluFast,
                               Activation::kQuickGelu, Activation::kRelu,
                               Activation::kRelu2};

class ActivationSlopeTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(ActivationSlopeTest);

TEST_P(ActivationSlopeTest, EqualsReferenceForEveryTailLength) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const Activation activation : kAll) {
    for (std::size_t count = 1; count <= 67; ++count) {
      auto x = Noise(count, /*seed=*/count);
      for (float& one : x) one *= 8;
      const float odd[] = {0.0f, -0.0f, 1e30f, -1e30f, kNan, 88.0f, -88.0f};
      x[count / 2] = odd[count % 7];
      const auto v = Noise(count, /*seed=*/2);
      std::vector<float> out(count), plain(count);
      MultiplyBySlope(activation, x, v, out);
      reference::MultiplyBySlope(activation, x, v, plain);
      for (std::size_t k = 0; k < count; ++k) {
        if (std::isnan(plain[k])) {
          EXPECT_TRUE(std::isnan(out[k])) << k;
          out[k] = plain[k] = 0;
        }
      }
      EXPECT_EQ(Bits(out), Bits(plain))
          << static_cast<int>(activation) << " of " << count;
    }
  }
}

double Value(Activation activation, double x) {
  const double cubic = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
  switch (activation) {
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kGelu:
      return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5)));
    case Activation::kGeluTanh:
    case Activation::kGeluFast:
      return 0.5 * x * (1 + std::tanh(cubic));
    case Activation::kQuickGelu:
      return x / (1 + std::exp(-1.702 * x));
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kRelu2:
      return std::max(x, 0.0) * std::max(x, 0.0);
  }
  return 0;
}

// A slope is at most 2 or, of a square, 2 x; it is made of a dozen roundings
// of numbers no larger than |x| + 1.
TEST_P(ActivationSlopeTest, IsTheDifferenceInDoublePrecision) {
  for (const Activation activation : kAll) {
    for (double x = -11.03; x < 11; x += 0.13) {
      const auto at = static_cast<float>(x);
      const float one = 1;
      float slope = 0;
      MultiplyBySlope(activation, {&at, 1}, {&one, 1}, {&slope, 1});
      constexpr double kStep = 1e-5;
      const double difference = (Value(activation, double{at} + kStep) -
                                 Value(activation, double{at} - kStep)) /
                                (2 * kStep);
      EXPECT_NEAR(slope, difference, 12 * 0x1p-23 * (std::abs(x) + 1))
          << static_cast<int>(activation) << " at " << x;
    }
  }
}

TEST_P(ActivationSlopeTest, AReluHasNoSlopeAtItsKink) {
  const std::vector<float> x = {0.0f, -0.0f}, v = {3.0f, 3.0f};
  std::vector<float> out(2, 1.0f);
  MultiplyBySlope(Activation::kRelu, x, v, out);
  EXPECT_EQ(out, (std::vector<float>{0, 0}));
}

}  // namespace
}  // namespace pellucid::kernels
