#include "kernels/norm.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include <cmath>
#include <vector>

#include "base/task_pool.h"
#include "gtest/gtest.h"
#include "kernels/reference/norm.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

constexpr float kEps = 1e-5f;

class NormTest : public testutil::PerIsaTest {
 protected:
  // RmsNorm of one row x and its plain loop, weights from a fixed seed.
  static void ExpectEqualsReference(const std::vector<float>& x, float eps) {
    const auto weight = testutil::Noise(x.size(), /*seed=*/2);
    std::vector<float> out(x.size()), plain(x.size());
    RmsNorm({x.data(), 1, x.size()}, weight, eps, {out.data(), 1, x.size()});
    reference::RmsNorm({x.data(), 1, x.size()}, weight, eps,
                       {plain.data(), 1, x.size()});
    EXPECT_EQ(Bits(out), Bits(plain));
  }
};
PELLUCID_INSTANTIATE_PER_ISA(NormTest);

// 1 to 67 lies about every register width, so each tail length runs.
TEST_P(NormTest, EqualsReferenceForEveryTailLength) {
  for (std::size_t d = 1; d <= 67; ++d) {
    SCOPED_TRACE(::testing::Message() << "d=" << d);
    ExpectEqualsReference(testutil::Noise(d, /*seed=*/1), kEps);
  }
}

TEST_P(NormTest, EqualsReferenceOnSmallAndLargeNumbers) {
  for (const float factor : {1e-45f, 1e-40f, 1e-30f, 22517.0f, 1e18f}) {
    SCOPED_TRACE(::testing::Message() << "factor=" << factor);
    auto x = testutil::Noise(61, /*seed=*/3);
    for (float& v : x) v *= factor;
    ExpectEqualsReference(x, kEps);
    ExpectEqualsReference(x, 0.0f);
  }
}

TEST_P(NormTest, RowsAreIndependentAndMayBeReplaced) {
  constexpr std::size_t kRows = 3, kCols = 37, kStride = 41;
  const auto x = testutil::Noise(kRows * kStride, /*seed=*/4);
  const auto weight = testutil::Noise(kCols, /*seed=*/5);
  std::vector<float> rows = x;
  const MatrixView view(rows.data(), kRows, kCols, kStride);
  RmsNorm(view, weight, kEps, view);
  for (std::size_t r = 0; r < kRows; ++r) {
    const std::vector<float> row(&x[r * kStride], &x[r * kStride] + kCols);
    std::vector<float> alone(kCols);
    RmsNorm({row.data(), 1, kCols}, weight, kEps, {alone.data(), 1, kCols});
    EXPECT_EQ(Bits(view.RowSpan(r)), Bits(alone)) << "row " << r;
    for (std::size_t k = r * kStride + kCols; k < (r + 1) * kStride; ++k) {
      EXPECT_EQ(rows[k], x[k]) << "beyond row " << r;
    }
  }
}

TEST_P(NormTest, AZeroRowGivesZeros) {
  const std::vector<float> x(33, 0.0f), weight(33, 1.0f);
  std::vector<float> out(33, -1.0f);
  RmsNorm({x.data(), 1, 33}, weight, kEps, {out.data(), 1, 33});
  EXPECT_EQ(out, x);
}

// d ones with weight 1: the sum of squares is exact, so is the mean.
TEST_P(NormTest, AConstantRowGivesItsSign) {
  const std::vector<float> x(576, -2.0f), weight(576, 3.0f);
  std::vector<float> out(576);
  RmsNorm({x.data(), 1, 576}, weight, 0.0f, {out.data(), 1, 576});
  EXPECT_EQ(out, std::vector<float>(576, -3.0f));
}

class LayerNormTest : public testutil::PerIsaTest {
 protected:
  static void ExpectEqualsReference(const std::vector<float>& x,
                                    const std::vector<float>& weight,
                                    const std::vector<float>& bias, float eps) {
    const std::size_t d = x.size();
    std::vector<float> out(d), plain(d);
    LayerNorm({x.data(), 1, d}, weight, bias, eps, {out.data(), 1, d});
    reference::LayerNorm({x.data(), 1, d}, weight, bias, eps,
                         {plain.data(), 1, d});
    EXPECT_EQ(Bits(out), Bits(plain));
  }
};
PELLUCID_INSTANTIATE_PER_ISA(LayerNormTest);

TEST_P(LayerNormTest, EqualsReferenceForEveryTailLength) {
  for (std::size_t d = 1; d <= 67; ++d) {
    SCOPED_TRACE(::testing::Message() << "d=" << d);
    const auto x = testutil::Noise(d, /*seed=*/1);
    const auto weight = testutil::Noise(d, /*seed=*/2);
    const auto bias = testutil::Noise(d, /*seed=*/3);
    ExpectEqualsReference(x, weight, bias, kEps);
    ExpectEqualsReference(x, weight, {}, kEps);
    ExpectEqualsReference(x, {}, bias, kEps);
    ExpectEqualsReference(x, {}, {}, kEps);
  }
}

TEST_P(LayerNormTest, EqualsReferenceOnSmallAndLargeNumbers) {
  const auto weight = testutil::Noise(61, /*seed=*/2);
  for (const float factor : {1e-45f, 1e-40f, 1e-30f, 22517.0f, 1e18f}) {
    SCOPED_TRACE(::testing::Message() << "factor=" << factor);
    auto x = testutil::Noise(61, /*seed=*/3);
    for (float& v : x) v *= factor;
    ExpectEqualsReference(x, weight, weight, kEps);
    ExpectEqualsReference(x, weight, {}, kEps);
  }
}

// With u = 2^-24, a partial sum is d / 16 additions long and is folded by 4
// more. The mean is off by at most e = (d / 16 + 6) u mean|x|; e moves every
// deviation, and the variance by e^2. Sum, quotient, eps, root and reciprocal
// add (d / 16 + 8) u / 2 and 2 u to the scale; four roundings come after.
TEST_P(LayerNormTest, LiesByTheExactValue) {
  constexpr double kUnit = 0x1p-24;
  for (const std::size_t d : {5u, 64u, 768u, 4099u}) {
    for (const float offset : {0.0f, -3.0f, 300.0f}) {
      SCOPED_TRACE(::testing::Message() << "d=" << d << " about " << offset);
      auto x = testutil::Noise(d, /*seed=*/4);
      for (float& v : x) v += offset;
      const auto weight = testutil::Noise(d, /*seed=*/5);
      const auto bias = testutil::Noise(d, /*seed=*/6);
      std::vector<float> out(d);
      LayerNorm({x.data(), 1, d}, weight, bias, kEps, {out.data(), 1, d});
      const auto count = static_cast<double>(d);
      double mean = 0, size = 0, variance = 0;
      for (const float v : x) mean += v / count;
      for (const float v : x) size += std::abs(v) / count;
      for (const float v : x) variance += (v - mean) * (v - mean) / count;
      const double scale = 1 / std::sqrt(variance + double{kEps});
      const double steps = count / 16 + 6;
      const double off = steps * kUnit * size;
      const double relative = (steps / 2 + 7) * kUnit + off * off / variance;
      for (std::size_t k = 0; k < d; ++k) {
        const double scaled = (x[k] - mean) * scale * weight[k];
        const double limit = off * scale * std::abs(weight[k]) +
                             relative * std::abs(scaled) +
                             kUnit * std::abs(scaled + bias[k]);
        ASSERT_NEAR(out[k], scaled + bias[k], limit) << k;
      }
    }
  }
}

TEST_P(LayerNormTest, RowsAreIndependentAndMayBeReplaced) {
  constexpr std::size_t kRows = 3, kCols = 37, kStride = 41;
  const auto x = testutil::Noise(kRows * kStride, /*seed=*/4);
  const auto weight = testutil::Noise(kCols, /*seed=*/5);
  const auto bias = testutil::Noise(kCols, /*seed=*/6);
  std::vector<float> rows = x;
  const MatrixView view(rows.data(), kRows, kCols, kStride);
  LayerNorm(view, weight, bias, kEps, view);
  for (std::size_t r = 0; r < kRows; ++r) {
    std::vector<float> alone(kCols);
    LayerNorm({&x[r * kStride], 1, kCols}, weight, bias, kEps,
              {alone.data(), 1, kCols});
    EXPECT_EQ(Bits(view.RowSpan(r)), Bits(alone)) << "row " << r;
    for (std::size_t k = r * kStride + kCols; k < (r + 1) * kStride; ++k) {
      EXPECT_EQ(rows[k], x[k]) << "beyond row " << r;
    }
  }
}

TEST_P(LayerNormTest, AConstantRowGivesTheBias) {
  const std::vector<float> x(576, 22517.0f);
  const auto bias = testutil::Noise(576, /*seed=*/7);
  std::vector<float> out(576);
  LayerNorm({x.data(), 1, 576}, {}, bias, kEps, {out.data(), 1, 576});
  EXPECT_EQ(out, bias);
}

#if defined(__SSE__)
// A host may have denormals flushed: tasks do not see that.
TEST_P(NormTest, DenormalsCountInTasksWhateverTheHostHasSet) {
  constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
  auto x = testutil::Noise(50, /*seed=*/6);
  for (float& v : x) v *= 1e-40f;
  const std::vector<float> weight(50, 1.0f);
  std::vector<float> plain(50), out(50);
  reference::RmsNorm({x.data(), 1, 50}, weight, kEps, {plain.data(), 1, 50});

  const TaskPool pool(1);
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | kFlushToZero | kDenormalsAreZero);
  pool.For(1, [&](std::size_t) {
    RmsNorm({x.data(), 1, 50}, weight, kEps, {out.data(), 1, 50});
  });
  _mm_setcsr(before);
  EXPECT_EQ(Bits(out), Bits(plain));
  EXPECT_NE(out[0], 0.0f);
}
#endif

}  // namespace
}  // namespace pellucid::kernels
