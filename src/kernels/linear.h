// y = x W^T + b, the one product of activations with weights.
//
// Each y[m, n] is one dot in the canonical order (kernels/canonical.h), so it
// does not depend on how many rows or columns are worked on together. Weights
// are read as they lie in the file; rows that are not float32, or that the file
// holds transposed, are decoded, exactly, a block at a time or in registers.
#ifndef PELLUCID_KERNELS_LINEAR_H_
#define PELLUCID_KERNELS_LINEAR_H_

#include <cstddef>
#include <span>
#include <stop_token>

#include "base/matrix.h"
#include "base/task_pool.h"
#include "kernels/dot_tile.h"  // IWYU pragma: export

namespace pellucid::kernels {

// w [N, K], bias [N] or empty, y [M, N].
struct LinearOutput {
  const WeightView& w;
  std::span<const float> bias;
  MatrixView y;
};

// x [M, K] times each of `outputs`, as one piece of work: x is brought into
// form once, and threads meet at the end of all. y = dot, then + bias as one
// rounded addition. K >= 1, any tail. Shares the work out over `pool`.
void Linear(const TaskPool& pool, ConstMatrixView x,
            std::span<const LinearOutput> outputs,
            const std::stop_token& stop = {});

inline void Linear(const TaskPool& pool, ConstMatrixView x, const WeightView& w,
                   std::span<const float> bias, MatrixView y,
                   const std::stop_token& stop = {}) {
  const LinearOutput output{w, bias, y};
  Linear(pool, x, {&output, 1}, stop);
}

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_LINEAR_H_
