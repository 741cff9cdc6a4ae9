#include "kernels/product.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/linear.h"
#include "testutil/block_product.h"
#include "testutil/noise.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"
#include "testutil/random_weights.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::PaddedMatrix;

class ProductTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(ProductTest);

// In the form that pays, and in either.
void ExpectEqualsReference(ConstMatrixView x, const WeightView& w,
                           const std::vector<std::size_t>& bounds,
                           std::size_t block_rows) {
  PaddedMatrix expected(x.rows, w.rows, /*seed=*/1);
  reference::Linear(x, w, {}, expected.View());
  const auto expect_equal = [&](ProductRows rows) {
    const PaddedMatrix out = testutil::BlockProduct<ProductBlock>(
        std::move(rows), w, bounds, block_rows);
    EXPECT_EQ(Bits(out.values), Bits(expected.values));
  };
  expect_equal(ProductRows(x, bounds, w));
  expect_equal(ProductRows(x, bounds, /*as_panels=*/true));
  expect_equal(ProductRows(x, bounds, /*as_panels=*/false));
}

// Few rows stay as they lie, many become panels where those pay.
TEST_P(ProductTest, FewAndManyRowsEqualReference) {
  for (const std::size_t rows : {1u, 7u, 31u, 32u, 61u}) {
    SCOPED_TRACE(rows);
    PaddedMatrix x(rows, 150, /*seed=*/rows), w(77, 150, /*seed=*/2);
    ExpectEqualsReference(x.View(), testutil::FloatRows(w.View()), {0, rows},
                          32);
  }
}

TEST_P(ProductTest, TilesOfAnyHeightEqualReference) {
  PaddedMatrix x(50, 160, /*seed=*/1), w(40, 160, /*seed=*/2);
  ExpectEqualsReference(x.View(), testutil::FloatRows(w.View()),
                        {0, 1, 14, 14, 50}, 17);
}

// Not in place: the floats are misaligned, or the file holds them transposed.
// Long rows are decoded in parts.
TEST_P(ProductTest, DecodedRowsEqualReference) {
  for (const std::size_t k : {144u, 600u}) {
    SCOPED_TRACE(k);
    const std::size_t row_bytes = k * sizeof(float);
    PaddedMatrix x(40, k, /*seed=*/1), w(36, k, /*seed=*/2);
    std::vector<std::byte> bytes(36 * row_bytes + 1);
    WeightView view = testutil::FloatRows(w.View());
    for (std::size_t r = 0; r < view.rows; ++r) {
      std::memcpy(&bytes[1 + r * row_bytes], view.Row(r), row_bytes);
    }
    view.data = &bytes[1];
    view.row_bytes = row_bytes;
    ExpectEqualsReference(x.View(), view, {0, 20, 40}, 24);
    WeightView turned = view;
    turned.transposed = true;
    turned.row_bytes = 36 * sizeof(float);
    ExpectEqualsReference(x.View(), turned, {0, 40}, 36);
  }
}

// By way of rows of floats or straight into panels.
TEST_P(ProductTest, QuantisedRowsEqualReference) {
  for (const DType dtype :
       {DType::kQ4_1, DType::kQ8_0, DType::kQ5_0, DType::kQ4_K, DType::kBF16}) {
    SCOPED_TRACE(InfoOf(dtype).name);
    PaddedMatrix x(29, 512, /*seed=*/1);
    const testutil::RandomWeights w(dtype, 45, 512, /*seed=*/2);
    ExpectEqualsReference(x.View(), w.view, {0, 12, 24, 29}, 32);
  }
}

}  // namespace
}  // namespace pellucid::kernels
