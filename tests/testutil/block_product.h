// Products of tiles of activations with blocks of weights, put together: for
// the tests of kernels/product.h and of what has its form.
#ifndef PELLUCID_TESTS_TESTUTIL_BLOCK_PRODUCT_H_
#define PELLUCID_TESTS_TESTUTIL_BLOCK_PRODUCT_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/matrix.h"
#include "testutil/padded_matrix.h"

namespace pellucid::testutil {

// Rows of x, cut at `bounds`, times w, `block_rows` rows of w at a time, as
// kernels::ProductRows and ProductBlock or classes like these compute it.
template <typename Block, typename Rows>
PaddedMatrix BlockProduct(Rows rows, const WeightView& w,
                          const std::vector<std::size_t>& bounds,
                          std::size_t block_rows) {
  PaddedMatrix out(bounds.back(), w.rows, /*seed=*/1);
  for (std::size_t i = 0; i < rows.tiles(); ++i) rows.Prepare(i);
  Block block(block_rows, rows);
  for (std::size_t n = 0; n < w.rows; n += block_rows) {
    const std::size_t count = std::min(block_rows, w.rows - n);
    block.Load(w, n, count);
    for (std::size_t i = 0; i < rows.tiles(); ++i) {
      const MatrixView tile =
          out.View().Rows(bounds[i], bounds[i + 1] - bounds[i]);
      block.Multiply(rows, i,
                     MatrixView(tile.data + n, tile.rows, count, tile.stride));
    }
  }
  return out;
}

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_BLOCK_PRODUCT_H_
