#include "kernels/dot_quantised.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/decode.h"
#include "kernels/reference/linear.h"
#include "testutil/noise.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::PaddedMatrix;

class DotQuantisedTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(DotQuantisedTest);

constexpr DType kDTypes[] = {
    DType::kF16,  DType::kBF16, DType::kQ4_0, DType::kQ4_1, DType::kQ5_0,
    DType::kQ5_1, DType::kQ8_0, DType::kQ4_K, DType::kQ5_K, DType::kQ6_K};

// Random blocks, `offset` bytes into their memory. Random bytes are random
// half-precision scales too, infinities and NaN among them.
struct Weights {
  Weights(DType dtype, std::size_t rows, std::size_t cols, std::size_t offset)
      : bytes(offset + rows * RowBytes(dtype, cols)) {
    testutil::Random random(/*seed=*/rows + cols);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random.Below(256));
    view = {.dtype = dtype,
            .data = bytes.data() + offset,
            .rows = rows,
            .cols = cols,
            .row_bytes = RowBytes(dtype, cols),
            .row_order = {}};
  }
  // Clears the top exponent bit of scales, so that they are finite and
  // moderate.
  void MakeFinite() {
    const DTypeInfo& info = InfoOf(view.dtype);
    std::byte* block = bytes.data() + bytes.size() - view.rows * view.row_bytes;
    for (; block < bytes.data() + bytes.size(); block += info.block_bytes) {
      if (view.dtype == DType::kQ6_K) {
        block[209] &= std::byte{0xb7};
      } else {
        block[1] &= std::byte{0xb7};
        block[3 % info.block_bytes] &= std::byte{0xb7};
      }
    }
  }
  std::vector<std::byte> bytes;
  WeightView view;
};

// Rows [begin, begin + out.cols) decoded by the plain loops, then plain dots.
void PlainDots(ConstMatrixView x, const WeightView& w, std::size_t begin,
               MatrixView out) {
  std::vector<float> decoded(out.cols * w.cols);
  const MatrixView rows(decoded.data(), out.cols, w.cols);
  for (std::size_t n = 0; n < out.cols; ++n) {
    reference::DecodeRow(w.dtype, w.Row(begin + n), rows.RowSpan(n));
  }
  reference::DotTile(x, rows, out);
}

// One block, several, and more than one chunk of K; N beyond a panel of weight
// rows, and every remainder of a tile.
TEST_P(DotQuantisedTest, EqualsReference) {
  for (const DType dtype : kDTypes) {
    const std::size_t block =
        std::max<std::size_t>(InfoOf(dtype).block_elements, 16);
    for (const std::size_t k : {block, 2 * block, 3 * block, std::size_t{768},
                                std::size_t{1536}, 4096 + 3 * block}) {
      Weights w(dtype, 37, k, /*offset=*/0);
      w.MakeFinite();
      for (std::size_t m = 1; m <= kMaxDotQuantisedRows; ++m) {
        PaddedMatrix x(m, k, /*seed=*/m);
        for (const std::size_t n : {1u, 2u, 3u, 5u, 8u, 16u, 19u}) {
          SCOPED_TRACE(::testing::Message() << InfoOf(dtype).name << " M=" << m
                                            << " N=" << n << " K=" << k);
          ASSERT_TRUE(CanDotQuantised(w.view));
          ASSERT_LE(MostDotQuantisedRows(w.view), kMaxDotQuantisedRows);
          PaddedMatrix out(m, n, /*seed=*/8), expected(m, n, /*seed=*/8);
          DotQuantised(x.View(), w.view, /*begin=*/11, out.View());
          PlainDots(x.View(), w.view, /*begin=*/11, expected.View());
          ASSERT_EQ(Bits(out.values), Bits(expected.values));
        }
      }
    }
  }
}

TEST_P(DotQuantisedTest, FollowsTheRowOrderAtAnyAlignment) {
  std::vector<std::uint32_t> order(40);
  std::iota(order.rbegin(), order.rend(), 0u);
  for (const DType dtype : kDTypes) {
    for (std::size_t offset = 0; offset < 4; ++offset) {
      SCOPED_TRACE(::testing::Message()
                   << InfoOf(dtype).name << " at offset " << offset);
      Weights w(dtype, 40, 256, offset);
      w.MakeFinite();
      w.view.row_order = order;
      PaddedMatrix x(3, 256, /*seed=*/6);
      PaddedMatrix out(3, 22, /*seed=*/8), expected(3, 22, /*seed=*/8);
      DotQuantised(x.View(), w.view, /*begin=*/7, out.View());
      PlainDots(x.View(), w.view, /*begin=*/7, expected.View());
      EXPECT_EQ(Bits(out.values), Bits(expected.values));
    }
  }
}

// Equal but for the bits of a NaN, which no standard fixes.
TEST_P(DotQuantisedTest, ScalesThatAreNotFiniteShow) {
  constexpr std::size_t kRows = 500;
  for (const DType dtype : kDTypes) {
    SCOPED_TRACE(std::string(InfoOf(dtype).name));
    const Weights w(dtype, kRows, 256, /*offset=*/0);
    PaddedMatrix x(2, 256, /*seed=*/6);
    PaddedMatrix out(2, kRows, /*seed=*/8), expected(2, kRows, /*seed=*/8);
    DotQuantised(x.View(), w.view, 0, out.View());
    PlainDots(x.View(), w.view, 0, expected.View());
    std::size_t finite = 0, infinite = 0;
    for (std::size_t i = 0; i < out.values.size(); ++i) {
      const float value = out.values[i], plain = expected.values[i];
      finite += std::isfinite(plain);
      infinite += !std::isfinite(plain);
      ASSERT_EQ(std::isnan(value), std::isnan(plain)) << i;
      if (std::isnan(plain)) continue;
      ASSERT_EQ(Bits(value), Bits(plain)) << i;
    }
    EXPECT_GT(finite, 0u);
    EXPECT_GT(infinite, 0u);
  }
}

TEST_P(DotQuantisedTest, SaysWhatItTakes) {
  WeightView w = {.dtype = DType::kQ4_1, .cols = 64, .row_order = {}};
  EXPECT_TRUE(CanDotQuantised(w));
  w.dtype = DType::kF32;
  EXPECT_FALSE(CanDotQuantised(w));
  w.dtype = DType::kBF16;
  EXPECT_TRUE(CanDotQuantised(w));
  w.cols = 72;
  EXPECT_FALSE(CanDotQuantised(w));
  w.cols = 64;
  w.transposed = true;
  EXPECT_FALSE(CanDotQuantised(w));
}

}  // namespace
}  // namespace pellucid::kernels
