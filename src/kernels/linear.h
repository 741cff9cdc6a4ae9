// y = x W^T + b, the one product of activations with weights.
//
// Each y[m, n] is one dot in the canonical order (kernels/canonical.h), so it
// does not depend on how many rows or columns are worked on together. Weights
// are read as they lie in the file; rows that are not float32, or that the file
// holds transposed, are decoded, exactly, into a scratch tile.
#ifndef PELLUCID_KERNELS_LINEAR_H_
#define PELLUCID_KERNELS_LINEAR_H_

#include <cstddef>
#include <span>
#include <stop_token>

#include "base/matrix.h"
#include "base/task_pool.h"
#include "kernels/dot_tile.h"  // IWYU pragma: export

namespace pellucid::kernels {

// x [M, K], w [N, K], bias [N] or empty, y [M, N]. y = dot, then + bias as one
// rounded addition. K >= 1, any tail. Shares the work out over `pool`.
void Linear(const TaskPool& pool, ConstMatrixView x, const WeightView& w,
            std::span<const float> bias, MatrixView y,
            const std::stop_token& stop = {});

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_LINEAR_H_
