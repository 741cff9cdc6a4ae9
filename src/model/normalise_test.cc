#include "model/normalise.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/buffer.h"
#include "kernels/norm.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

// Shared out over threads, and of the kind that the architecture has.
TEST(NormaliseTest, IsTheKernelOfTheKind) {
  constexpr std::size_t kRows = 35, kWidth = 21;
  const TaskPool pool(3);
  std::vector<float> x = testutil::Noise(kRows * kWidth, 1);
  const ConstMatrixView rows{x.data(), kRows, kWidth};
  const NormWeights weights{testutil::Noise(kWidth, 2),
                            testutil::Noise(kWidth, 3)};
  ArchSpec spec;
  spec.norm_eps = 1e-5f;
  for (const NormKind kind : {NormKind::kRms, NormKind::kLayer}) {
    spec.norm = kind;
    Buffer ours(kRows, kWidth), theirs(kRows, kWidth);
    Normalise(pool, spec, weights, rows, ours.view());
    if (kind == NormKind::kRms) {
      kernels::RmsNorm(rows, weights.weight, spec.norm_eps, theirs.view());
    } else {
      kernels::LayerNorm(rows, weights.weight, weights.bias, spec.norm_eps,
                         theirs.view());
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t c = 0; c < kWidth; ++c) {
        EXPECT_EQ(ours.view().Row(r)[c], theirs.view().Row(r)[c]);
      }
    }
  }
}

}  // namespace
}  // namespace pellucid
