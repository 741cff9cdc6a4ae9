#include "kernels/norm_jacobian.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/norm_jacobian.h"
#include "testutil/noise.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::Noise;
using testutil::PaddedMatrix;

constexpr float kEps = 1e-5f;

using Function = void (*)(ConstMatrixView, std::span<const float>, float,
                          ConstMatrixView, MatrixView);

struct Pair {
  std::string name;
  Function fast, plain;
};

std::vector<Pair> Pairs() {
  return {{"rms adjoint", RmsNormAdjoint, reference::RmsNormAdjoint},
          {"layer adjoint", LayerNormAdjoint, reference::LayerNormAdjoint},
          {"rms tangent", RmsNormTangent, reference::RmsNormTangent},
          {"layer tangent", LayerNormTangent, reference::LayerNormTangent}};
}

class NormJacobianTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(NormJacobianTest);

TEST_P(NormJacobianTest, EqualsReferenceForEveryTailLength) {
  for (const Pair& pair : Pairs()) {
    for (std::size_t d = 1; d <= 67; ++d) {
      SCOPED_TRACE(::testing::Message() << pair.name << " d=" << d);
      PaddedMatrix x(3, d, /*seed=*/1), v(3, d, /*seed=*/2);
      const auto weight = Noise(d, /*seed=*/3);
      PaddedMatrix out(3, d, /*seed=*/4), plain(3, d, /*seed=*/4);
      pair.fast(x.View(), weight, kEps, v.View(), out.View());
      pair.plain(x.View(), weight, kEps, v.View(), plain.View());
      EXPECT_EQ(Bits(out.values), Bits(plain.values));
      pair.fast(x.View(), {}, kEps, v.View(), v.View());
      PaddedMatrix again(3, d, /*seed=*/2);
      pair.plain(x.View(), {}, kEps, again.View(), again.View());
      EXPECT_EQ(Bits(v.values), Bits(again.values)) << "in place";
    }
  }
}

// The norm in float64, before rounding.
std::vector<double> Norm(bool layer, const std::vector<double>& x,
                         const std::vector<float>& weight) {
  const auto d = static_cast<double>(x.size());
  double mean = 0, squares = 0;
  if (layer) {
    for (const double v : x) mean += v / d;
  }
  for (const double v : x) squares += (v - mean) * (v - mean) / d;
  const double scale = 1 / std::sqrt(squares + double{kEps});
  std::vector<double> y(x.size());
  for (std::size_t k = 0; k < y.size(); ++k) {
    y[k] = (x[k] - mean) * scale * double{weight[k]};
  }
  return y;
}

// Central differences with a step of 1e-6 are good to 1e-9 or so in float64;
// float32 loses some d / 16 roundings of the row's size.
TEST_P(NormJacobianTest, IsTheDirectionalDifferenceInDoublePrecision) {
  constexpr std::size_t kD = 100;
  const auto x = Noise(kD, /*seed=*/1), v = Noise(kD, /*seed=*/2);
  const auto weight = Noise(kD, /*seed=*/3);
  const ConstMatrixView row(x.data(), 1, kD), change(v.data(), 1, kD);
  for (const bool layer : {false, true}) {
    std::vector<float> tangent(kD), adjoint(kD);
    (layer ? LayerNormTangent : RmsNormTangent)(row, weight, kEps, change,
                                                {tangent.data(), 1, kD});
    (layer ? LayerNormAdjoint : RmsNormAdjoint)(row, weight, kEps, change,
                                                {adjoint.data(), 1, kD});
    constexpr double kStep = 1e-6;
    for (std::size_t at = 0; at < kD; ++at) {
      // The change of y at `at` along v, and of v . y along axis `at`.
      std::vector<double> ahead(x.begin(), x.end()), behind = ahead;
      for (std::size_t k = 0; k < kD; ++k) {
        ahead[k] += kStep * double{v[k]};
        behind[k] -= kStep * double{v[k]};
      }
      const double along =
          (Norm(layer, ahead, weight)[at] - Norm(layer, behind, weight)[at]) /
          (2 * kStep);
      EXPECT_NEAR(tangent[at], along, 1e-5);
      std::vector<double> up(x.begin(), x.end()), down = up;
      up[at] += kStep;
      down[at] -= kStep;
      const auto above = Norm(layer, up, weight);
      const auto below = Norm(layer, down, weight);
      double back = 0;
      for (std::size_t k = 0; k < kD; ++k) {
        back += double{v[k]} * (above[k] - below[k]) / (2 * kStep);
      }
      EXPECT_NEAR(adjoint[at], back, 1e-5);
    }
  }
}

}  // namespace
}  // namespace pellucid::kernels
