#include "kernels/dot_transposed.h"

#include <cstddef>
#include <cstring>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/linear.h"
#include "testutil/noise.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::PaddedMatrix;

class DotTransposedTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(DotTransposedTest);

// A matrix [rows, cols] stored as [cols, rows], `gap` bytes after each row of
// the file but the last, beginning at an odd address.
struct TransposedWeights {
  TransposedWeights(DType dtype, std::size_t rows, std::size_t cols,
                    std::size_t gap = 3) {
    const std::size_t element = InfoOf(dtype).block_bytes;
    view.dtype = dtype;
    view.rows = rows;
    view.cols = cols;
    view.row_bytes = rows * element + gap;
    view.transposed = true;
    bytes.resize(1 + cols * view.row_bytes - gap);
    view.data = bytes.data() + 1;
    const std::vector<float> noise = testutil::Noise(rows * cols, /*seed=*/1);
    for (std::size_t i = 0; i < noise.size(); ++i) {
      std::byte* at =
          bytes.data() + 1 + i / rows * view.row_bytes + i % rows * element;
      // The upper half of a float32 is a bfloat16, and some float16.
      const auto* value = reinterpret_cast<const std::byte*>(&noise[i]);
      std::memcpy(at, value + sizeof(float) - element, element);
    }
  }
  std::vector<std::byte> bytes;
  WeightView view;
};

void ExpectEqualsReference(std::size_t m, const WeightView& w,
                           std::size_t begin, std::size_t count) {
  SCOPED_TRACE(::testing::Message()
               << InfoOf(w.dtype).name << " M=" << m << " K=" << w.cols
               << " rows " << begin << " + " << count << " of " << w.rows);
  PaddedMatrix x(m, w.cols, /*seed=*/2);
  PaddedMatrix out(m, count, /*seed=*/3), expected(m, count, /*seed=*/3);
  DotTransposed(x.View(), w, begin, out.View());
  reference::DotRows(x.View(), w, begin, expected.View());
  EXPECT_EQ(Bits(out.values), Bits(expected.values));
}

// Runs are 256, 128 and 64 outputs wide, chunks of K 64 long.
TEST_P(DotTransposedTest, EqualsReferenceForEveryTail) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    for (std::size_t m = 1; m <= kMaxDotTransposedRows; ++m) {
      for (const std::size_t k : {1u, 15u, 16u, 17u, 63u, 64u, 65u, 150u}) {
        for (const std::size_t n : {1u, 7u, 19u, 67u}) {
          const TransposedWeights w(dtype, n, k);
          ExpectEqualsReference(m, w.view, 0, n);
        }
      }
    }
  }
}

TEST_P(DotTransposedTest, EqualsReferenceOverSeveralRuns) {
  for (std::size_t m = 1; m <= kMaxDotTransposedRows; ++m) {
    const TransposedWeights w(DType::kF32, 530, 77);
    ExpectEqualsReference(m, w.view, 0, 530);
    ExpectEqualsReference(m, w.view, 5, 300);
    ExpectEqualsReference(m, w.view, 529, 1);
  }
}

// Products below the least float round to -0 in every partial; a K that is
// padded with zeros gives 0, another -0.
TEST_P(DotTransposedTest, SumsOfVanishingProductsHaveTheReferencesSign) {
  for (const std::size_t k : {16u, 17u, 32u, 33u}) {
    const std::vector<float> weights(k, -1e-30f), x(k, 1e-30f);
    WeightView w;
    w.data = reinterpret_cast<const std::byte*>(weights.data());
    w.rows = 1;
    w.cols = k;
    w.row_bytes = sizeof(float);
    w.transposed = true;
    float out = 1, expected = 2;
    DotTransposed({x.data(), 1, k}, w, 0, {&out, 1, 1});
    reference::DotRows({x.data(), 1, k}, w, 0, {&expected, 1, 1});
    EXPECT_EQ(Bits(out), Bits(expected)) << k;
    EXPECT_EQ(Bits(out), Bits(k % 16 == 0 ? -0.0f : 0.0f)) << k;
  }
}

}  // namespace
}  // namespace pellucid::kernels
