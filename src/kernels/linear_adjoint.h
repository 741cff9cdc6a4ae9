// dx = dy W, the adjoint of y = x W^T (kernels/linear.h): what a change of y is
// worth, seen from x.
//
// Each dx[m, k] sums over the rows of W, as many as y has columns. The order is
// fixed by their number alone: blocks of kAdjointBlock rows, each summed from 0
// by one fused multiply-add a row in rising order, then added up in rising
// order. So a vocabulary of 50,000 rows costs 800 additions of precision, not
// 50,000. A block whose numbers in dy are all 0 adds an exact 0 and is not
// read: a cotangent of two logits costs two blocks.
#ifndef PELLUCID_KERNELS_LINEAR_ADJOINT_H_
#define PELLUCID_KERNELS_LINEAR_ADJOINT_H_

#include <cstddef>
#include <span>
#include <stop_token>

#include "base/matrix.h"
#include "base/task_pool.h"

namespace pellucid::kernels {

inline constexpr std::size_t kAdjointBlock =
    64;  // belongs to the number format

// w [N, K], dy [M, N].
struct LinearCotangent {
  const WeightView& w;
  ConstMatrixView dy;
};

// dx [M, K] = the sum of dy W over `products`, each rounded to a float before
// it is added, in their order. Weights are finite. Reads each weight once a
// thread or less. Shares the work out over `pool`; after `stop`, dx is not
// whole.
void LinearAdjoint(const TaskPool& pool,
                   std::span<const LinearCotangent> products, MatrixView dx,
                   const std::stop_token& stop = {});

inline void LinearAdjoint(const TaskPool& pool, ConstMatrixView dy,
                          const WeightView& w, MatrixView dx,
                          const std::stop_token& stop = {}) {
  const LinearCotangent product{w, dy};
  LinearAdjoint(pool, {&product, 1}, dx, stop);
}

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_LINEAR_ADJOINT_H_
