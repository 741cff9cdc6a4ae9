// Dots of a few rows with weights whose scales lie in tensors beside them.
#include <cstdint>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/dot_quantised.h"
#include "kernels/reference/decode.h"
#include "kernels/reference/linear.h"
#include "testutil/noise.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::PaddedMatrix;

class DotGroupsTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(DotGroupsTest);

// Random elements; scales and biases of both signs, one of ten thousand sizes,
// `offset` bytes into their memory.
struct Weights {
  Weights(DType dtype, DType scale_type, std::size_t group, std::size_t rows,
          std::size_t cols, std::size_t offset)
      : words(offset + rows * RowBytes(dtype, cols)) {
    testutil::Random random(/*seed=*/rows + cols);
    for (std::byte& b : words) b = static_cast<std::byte>(random.Below(256));
    const std::size_t count = rows * cols / group;
    view.dtype = dtype;
    view.data = words.data() + offset;
    view.rows = rows;
    view.cols = cols;
    view.row_bytes = RowBytes(dtype, cols);
    view.groups.elements = group;
    view.groups.dtype = scale_type;
    view.groups.row_bytes = RowBytes(scale_type, cols / group);
    view.groups.scales = Fill(scale_type, count, offset, random, scales);
    view.groups.biases = Fill(scale_type, count, offset, random, biases);
  }
  // Moderate exponents: the upper byte of each is 0x28 to 0x2f, or negative.
  static const std::byte* Fill(DType dtype, std::size_t count,
                               std::size_t offset, testutil::Random& random,
                               std::vector<std::byte>& bytes) {
    const std::size_t each = InfoOf(dtype).block_bytes;
    bytes.resize(offset + count * each);
    for (std::size_t i = 0; i < count * each; ++i) {
      const auto byte = static_cast<std::byte>(random.Below(256));
      bytes[offset + i] = i % each == each - 1
                              ? (byte & std::byte{0x87}) | std::byte{0x28}
                              : byte;
    }
    return bytes.data() + offset;
  }
  std::vector<std::byte> words, scales, biases;
  WeightView view;
};

// Rows [begin, begin + out.cols) decoded by the plain loops, then plain dots.
void PlainDots(ConstMatrixView x, const WeightView& w, std::size_t begin,
               MatrixView out) {
  std::vector<float> decoded(out.cols * w.cols);
  const MatrixView rows(decoded.data(), out.cols, w.cols);
  for (std::size_t n = 0; n < out.cols; ++n) {
    reference::DecodeRow(w, begin + n, rows.RowSpan(n));
  }
  reference::DotTile(x, rows, out);
}

void ExpectPlainDots(const WeightView& w, std::size_t m, std::size_t n) {
  SCOPED_TRACE(::testing::Message()
               << InfoOf(w.dtype).name << " M=" << m << " N=" << n
               << " K=" << w.cols << " groups of " << w.groups.elements << " "
               << InfoOf(w.groups.dtype).name);
  ASSERT_TRUE(CanDotQuantised(w));
  PaddedMatrix x(m, w.cols, /*seed=*/m);
  PaddedMatrix out(m, n, /*seed=*/8), expected(m, n, /*seed=*/8);
  DotQuantised(x.View(), w, /*begin=*/11, out.View());
  PlainDots(x.View(), w, /*begin=*/11, expected.View());
  ASSERT_EQ(Bits(out.values), Bits(expected.values));
}

// K of one group, several, and more than one chunk.
TEST_P(DotGroupsTest, EqualsReference) {
  for (const DType dtype : {DType::kU4, DType::kU8}) {
    for (const std::size_t group : {32u, 64u, 128u}) {
      for (const std::size_t k : {group, 3 * group, 4096 + 3 * group}) {
        for (const DType scales : {DType::kF32, DType::kF16, DType::kBF16}) {
          const Weights w(dtype, scales, group, 37, k, /*offset=*/k % 5);
          for (std::size_t m = 1; m <= kMaxDotQuantisedRows; ++m) {
            ExpectPlainDots(w.view, m, /*n=*/m == 1 ? 26 : 5);
          }
        }
      }
    }
  }
}

TEST_P(DotGroupsTest, ScalesFollowTheRowOrder) {
  std::vector<std::uint32_t> order(40);
  std::iota(order.rbegin(), order.rend(), 0u);
  for (const DType dtype : {DType::kU4, DType::kU8}) {
    Weights w(dtype, DType::kBF16, 64, 40, 256, /*offset=*/1);
    w.view.row_order = order;
    ExpectPlainDots(w.view, 3, 22);
    ExpectPlainDots(w.view.Rows(2, 36), 1, 22);
  }
}

}  // namespace
}  // namespace pellucid::kernels
