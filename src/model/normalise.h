// The norm of an architecture on rows: of the residual stream, of what is added
// to it, of queries and keys.
#ifndef PELLUCID_MODEL_NORMALISE_H_
#define PELLUCID_MODEL_NORMALISE_H_

#include "base/matrix.h"
#include "base/task_pool.h"
#include "model/arch_spec.h"
#include "model/weights.h"

namespace pellucid {

// rows, out [rows, features]; may be the same. Each row by itself. Without
// weights the rows are what they were.
void Normalise(const TaskPool& pool, const ArchSpec& spec,
               const NormWeights& weights, ConstMatrixView rows,
               MatrixView out);

// Derivatives of that (kernels/norm_jacobian.h) at `x`, [rows, features], which
// a norm with weights read: of one task's rows. `dx` may be `dy`.
void NormAdjoint(const ArchSpec& spec, const NormWeights& weights,
                 ConstMatrixView x, ConstMatrixView dy, MatrixView dx);
void NormTangent(const ArchSpec& spec, const NormWeights& weights,
                 ConstMatrixView x, ConstMatrixView dx, MatrixView dy);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_NORMALISE_H_
