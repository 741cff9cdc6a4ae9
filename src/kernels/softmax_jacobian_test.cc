#include "kernels/softmax_jacobian.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/softmax_jacobian.h"
#include "kernels/softmax.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::Noise;

class SoftmaxJacobianTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(SoftmaxJacobianTest);

TEST_P(SoftmaxJacobianTest, EqualsReferenceForEveryTailLength) {
  for (std::size_t count = 1; count <= 67; ++count) {
    SCOPED_TRACE(::testing::Message() << count);
    auto p = Noise(count, /*seed=*/1);
    Softmax(p);
    auto v = Noise(count, /*seed=*/2), plain = v;
    MultiplyBySoftmaxJacobian(p, v);
    reference::MultiplyBySoftmaxJacobian(p, plain);
    EXPECT_EQ(Bits(v), Bits(plain));
    auto y = Noise(count, /*seed=*/3);
    y[count / 2] = -std::numeric_limits<float>::infinity();
    auto w = Noise(count, /*seed=*/4), plain_w = w;
    MultiplyByCapSlope(1.5f, y, w);
    reference::MultiplyByCapSlope(1.5f, y, plain_w);
    EXPECT_EQ(Bits(w), Bits(plain_w));
    EXPECT_EQ(w[count / 2], 0);
  }
}

TEST_P(SoftmaxJacobianTest, IsTheDifferenceInDoublePrecision) {
  constexpr std::size_t kCount = 20;
  constexpr double kStep = 1e-6;
  const auto x = Noise(kCount, /*seed=*/1), v = Noise(kCount, /*seed=*/2);
  auto p = x;
  Softmax(p);
  auto out = v;
  MultiplyBySoftmaxJacobian(p, out);
  const auto softmax = [&](double step, std::size_t k) {
    double sum = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      sum += std::exp(double{x[i]} + step * double{v[i]});
    }
    return std::exp(double{x[k]} + step * double{v[k]}) / sum;
  };
  for (std::size_t k = 0; k < kCount; ++k) {
    EXPECT_NEAR(out[k], (softmax(kStep, k) - softmax(-kStep, k)) / (2 * kStep),
                1e-6);
  }
}

TEST_P(SoftmaxJacobianTest, CapSlopeIsThatOfTheHyperbolicTangent) {
  constexpr double kCap = 3, kStep = 1e-6;
  for (double x = -9; x < 9; x += 0.37) {
    const auto y = static_cast<float>(kCap * std::tanh(x / kCap));
    float slope = 1;
    MultiplyByCapSlope(static_cast<float>(kCap), {&y, 1}, {&slope, 1});
    EXPECT_NEAR(
        slope,
        kCap * (std::tanh((x + kStep) / kCap) - std::tanh((x - kStep) / kCap)) /
            (2 * kStep),
        1e-6);
  }
}

}  // namespace
}  // namespace pellucid::kernels
