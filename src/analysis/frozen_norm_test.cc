#include "analysis/frozen_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/norm.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

struct NormCase {
  NormKind kind;
  bool has_bias;
};

class FrozenNormTest : public ::testing::TestWithParam<NormCase> {
 protected:
  static constexpr std::size_t kFeatures = 37;  // a tail of the 16 partials

  FrozenNormTest() {
    spec_.norm = GetParam().kind;
    spec_.norm_eps = 1e-5f;
    weights_.weight = testutil::Noise(kFeatures, 1);
    if (GetParam().has_bias) weights_.bias = testutil::Noise(kFeatures, 2);
    row_ = testutil::Noise(kFeatures, 3);
    for (float& x : row_) x += 2;  // a mean that counts
    for (const float x : testutil::Noise(kFeatures, 4)) direction_.push_back(x);
  }

  // <direction, norm(row)> as the run computes it.
  double RunsOwn() const {
    std::vector<float> out(kFeatures);
    const ConstMatrixView in{row_.data(), 1, kFeatures};
    const MatrixView to{out.data(), 1, kFeatures};
    if (spec_.norm == NormKind::kRms) {
      kernels::RmsNorm(in, weights_.weight, spec_.norm_eps, to);
    } else {
      kernels::LayerNorm(in, weights_.weight, weights_.bias, spec_.norm_eps,
                         to);
    }
    double sum = 0;
    for (std::size_t k = 0; k < kFeatures; ++k) {
      sum += direction_[k] * static_cast<double>(out[k]);
    }
    return sum;
  }

  ArchSpec spec_;
  NormWeights weights_;
  std::vector<float> row_;
  std::vector<double> direction_;
};
INSTANTIATE_TEST_SUITE_P(Kinds, FrozenNormTest,
                         ::testing::Values(NormCase{NormKind::kRms, false},
                                           NormCase{NormKind::kLayer, false},
                                           NormCase{NormKind::kLayer, true}));

TEST_P(FrozenNormTest, PulledDirectionGivesWhatTheNormGives) {
  const FrozenNorm norm(spec_, weights_, row_);
  std::vector<double> pulled = direction_;
  double sum = norm.PullBack(pulled);
  for (std::size_t k = 0; k < kFeatures; ++k) {
    sum += pulled[k] * static_cast<double>(row_[k]);
  }
  const double bound = norm.Rounding(direction_);
  EXPECT_NEAR(sum, RunsOwn(), bound);
  // Some roundings of numbers about 1, so that the line above says something.
  EXPECT_LT(bound, 1e-4);
}

TEST_P(FrozenNormTest, OnlyLayerNormIsBlindToWhatFeaturesShare) {
  const FrozenNorm norm(spec_, weights_, row_);
  std::vector<double> pulled = direction_;
  norm.PullBack(pulled);
  double constant = 0;
  for (const double g : pulled) constant += g;
  if (spec_.norm == NormKind::kLayer) {
    EXPECT_NEAR(constant, 0, 1e-12);
  } else {
    EXPECT_GT(std::fabs(constant), 1e-3);
  }
}

TEST_P(FrozenNormTest, WithoutWeightsItIsTheIdentity) {
  const NormWeights none;
  const FrozenNorm norm(spec_, none, row_);
  std::vector<double> pulled = direction_;
  EXPECT_EQ(norm.PullBack(pulled), 0);
  EXPECT_EQ(pulled, direction_);
  EXPECT_EQ(norm.scale(), 1);
  EXPECT_EQ(norm.Rounding(direction_), 0);
}

}  // namespace
}  // namespace pellucid
