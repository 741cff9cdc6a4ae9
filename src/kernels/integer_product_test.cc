#include "kernels/integer_product.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/integer_layout.h"
#include "kernels/isa.h"
#include "kernels/reference/integer_product.h"
#include "testutil/block_product.h"
#include "testutil/noise.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::PaddedMatrix;

class IntegerProductTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(IntegerProductTest);

PaddedMatrix ProductOf(ConstMatrixView x, const WeightView& w,
                       const std::vector<std::size_t>& bounds,
                       std::size_t block_rows) {
  return testutil::BlockProduct<IntegerBlock>(IntegerRows(x, bounds), w, bounds,
                                              block_rows);
}

// Every length of the last step of terms, of the last group of either operand.
TEST_P(IntegerProductTest, EqualsThePlainLoops) {
  const Isa isa = CurrentIsa();
  for (const std::size_t k : {1u, 3u, 63u, 64u, 65u, 100u, 192u, 577u}) {
    for (const std::size_t rows : {1u, 15u, 16u, 17u, 40u}) {
      SCOPED_TRACE(k);
      SCOPED_TRACE(rows);
      PaddedMatrix x(rows, k, /*seed=*/rows), w(rows + 30, k, /*seed=*/2);
      const std::vector<std::size_t> bounds = {0, rows / 2, rows};
      const PaddedMatrix out =
          ProductOf(x.View(), testutil::FloatRows(w.View()), bounds, 21);
      ASSERT_TRUE(SelectIsa(Isa::kReference).ok());
      const PaddedMatrix expected =
          ProductOf(x.View(), testutil::FloatRows(w.View()), bounds, 64);
      ASSERT_TRUE(SelectIsa(isa).ok());
      EXPECT_EQ(Bits(out.values), Bits(expected.values));
    }
  }
}

// The bound that follows from half a multiple of either operand a term; two
// terms of activations do not count.
TEST_P(IntegerProductTest, IsNearTheExactDots) {
  constexpr std::size_t kTerms = 576;
  PaddedMatrix x(20, kTerms, /*seed=*/3), w(40, kTerms, /*seed=*/4);
  x.View().Row(7)[5] = 4000;  // far above the rest of their row
  x.View().Row(7)[530] = -90;
  PaddedMatrix out =
      ProductOf(x.View(), testutil::FloatRows(w.View()), {0, 20}, 40);
  const auto greatest = [](std::span<const float> row, std::ptrdiff_t but) {
    std::vector<float> sizes(row.begin(), row.end());
    for (float& v : sizes) v = std::abs(v);
    std::ranges::sort(sizes, std::greater());
    return double{sizes[static_cast<std::size_t>(but)]};
  };
  for (std::size_t m = 0; m < 20; ++m) {
    for (std::size_t n = 0; n < 40; ++n) {
      const auto a = x.View().RowSpan(m), b = w.View().RowSpan(n);
      const double a_half = greatest(a, kOutliers) / kMaxInteger / 2;
      const double b_half = greatest(b, 0) / kMaxInteger / 2;
      double exact = 0, most = 1e-7 * std::abs(a[5] * b[5]);
      for (std::size_t k = 0; k < kTerms; ++k) {
        exact += double{a[k]} * b[k];
        most +=
            a_half * std::abs(b[k]) + b_half * std::abs(a[k]) + a_half * b_half;
      }
      EXPECT_NEAR(out.View().Row(m)[n], exact, most * 1.01);
    }
  }
}

TEST_P(IntegerProductTest, TheGreatestIntegersDoNotOverflow) {
  std::vector<float> x(kMaxIntegerTerms, 1.0f), w(kMaxIntegerTerms, -1.0f);
  const ConstMatrixView row(x.data(), 1, x.size());
  PaddedMatrix out =
      ProductOf(row, testutil::FloatRows({w.data(), 1, w.size()}), {0, 1}, 16);
  EXPECT_NEAR(out.View().Row(0)[0], -float{kMaxIntegerTerms}, 0.01f);
  EXPECT_TRUE(IntegerProductsFit(x.size()));
  EXPECT_FALSE(IntegerProductsFit(x.size() + 1));
}

// What is not finite shows in every dot of its row and in no other; rows of
// nothing give 0, numbers whose multiples are too small for float32 next to it.
TEST_P(IntegerProductTest, OddRows) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  PaddedMatrix x(5, 70, /*seed=*/5), w(18, 70, /*seed=*/6);
  x.View().Row(1)[69] = kInfinity;
  x.View().Row(2)[0] = kNan;
  std::ranges::fill(x.View().RowSpan(3), 0.0f);
  std::ranges::fill(x.View().RowSpan(4), 1e-40f);
  w.View().Row(17)[3] = -kNan;
  PaddedMatrix out =
      ProductOf(x.View(), testutil::FloatRows(w.View()), {0, 5}, 18);
  for (std::size_t n = 0; n < 18; ++n) {
    const auto at = [&](std::size_t m) { return out.View().Row(m)[n]; };
    EXPECT_EQ(std::isnan(at(0)), n == 17);
    EXPECT_TRUE(std::isnan(at(1)));
    EXPECT_TRUE(std::isnan(at(2)));
    if (n == 17) continue;
    EXPECT_EQ(at(3), 0);
    EXPECT_NEAR(at(4), 0, 70 * 1e-40f);
  }
}

}  // namespace
}  // namespace pellucid::kernels
