#include "kernels/decode_transposed.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/decode.h"
#include "testutil/noise.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::PaddedMatrix;

class DecodeTransposedTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(DecodeTransposedTest);

// One matrix in both layouts, of any bytes: infinities and NaN among them. The
// transposed one begins at `offset` and has `gap` bytes after each row.
struct BothLayouts {
  BothLayouts(DType dtype, std::size_t rows, std::size_t cols,
              std::size_t offset, std::size_t gap)
      : plain_bytes(rows * RowBytes(dtype, cols)) {
    const std::size_t element = InfoOf(dtype).block_bytes;
    testutil::Random random(rows * 100 + cols);
    for (std::byte& b : plain_bytes) b = static_cast<std::byte>(random.Next());
    plain.dtype = transposed.dtype = dtype;
    plain.rows = transposed.rows = rows;
    plain.cols = transposed.cols = cols;
    plain.data = plain_bytes.data();
    plain.row_bytes = RowBytes(dtype, cols);
    transposed.row_bytes = RowBytes(dtype, rows) + gap;
    transposed.transposed = true;
    // No byte past the last element: reading there is an error of the heap.
    transposed_bytes.resize(offset + cols * transposed.row_bytes - gap);
    transposed.data = transposed_bytes.data() + offset;
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < cols; ++c) {
        std::copy_n(plain.Row(r) + c * element, element,
                    transposed_bytes.data() + offset +
                        c * transposed.row_bytes + r * element);
      }
    }
  }
  std::vector<std::byte> plain_bytes, transposed_bytes;
  WeightView plain, transposed;
};

void ExpectEqualRows(const BothLayouts& both, std::size_t begin,
                     std::size_t count) {
  PaddedMatrix out(count, both.plain.cols, /*seed=*/1);
  PaddedMatrix expected(count, both.plain.cols, /*seed=*/2);
  DecodeRows(both.transposed, begin, out.View());
  DecodeRows(both.plain, begin, expected.View());
  EXPECT_EQ(Bits(out.values), Bits(expected.values));
}

constexpr DType kDTypes[] = {DType::kF32, DType::kF16,    DType::kBF16,
                             DType::kF64, DType::kF8E4M3, DType::kF8E5M2};

// Tiles of 4 by 8, whole ones and edges of every size.
TEST_P(DecodeTransposedTest, EqualsThePlainLayoutForEveryShape) {
  for (const DType dtype : kDTypes) {
    for (std::size_t rows = 1; rows <= 10; ++rows) {
      for (std::size_t cols = 1; cols <= 19; ++cols) {
        SCOPED_TRACE(std::string(InfoOf(dtype).name) + " " +
                     std::to_string(rows) + " by " + std::to_string(cols));
        const BothLayouts both(dtype, rows, cols, /*offset=*/0, /*gap=*/0);
        ExpectEqualRows(both, 0, rows);
      }
    }
  }
}

TEST_P(DecodeTransposedTest, ReadsAnyBlockOfRowsAtAnyAlignment) {
  for (const DType dtype : kDTypes) {
    for (std::size_t offset = 0; offset < 5; ++offset) {
      const BothLayouts both(dtype, 37, 21, offset, /*gap=*/offset);
      for (const std::size_t begin : {0u, 1u, 16u, 32u, 36u}) {
        SCOPED_TRACE(std::string(InfoOf(dtype).name) + " at " +
                     std::to_string(offset) + " from " + std::to_string(begin));
        ExpectEqualRows(both, begin, std::min<std::size_t>(16, 37 - begin));
      }
    }
  }
}

TEST_P(DecodeTransposedTest, ReadsGpt2sWayOfStoring) {
  // [in, out] = [3, 2] as Conv1D has it: y = x W.
  const std::vector<float> stored = {1, 2, 3, 4, 5, 6};
  WeightView w;
  w.data = reinterpret_cast<const std::byte*>(stored.data());
  w.rows = 2;
  w.cols = 3;
  w.row_bytes = 2 * sizeof(float);
  w.transposed = true;
  std::vector<float> out(6);
  DecodeTransposedRows(w, 0, MatrixView(out.data(), 2, 3));
  EXPECT_EQ(out, (std::vector<float>{1, 3, 5, 2, 4, 6}));
}

}  // namespace
}  // namespace pellucid::kernels
