#include "kernels/norm.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

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
