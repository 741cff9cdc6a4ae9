// The norm of an architecture on rows of the residual stream: before attention,
// before the MLP, before the head.
#ifndef PELLUCID_MODEL_NORMALISE_H_
#define PELLUCID_MODEL_NORMALISE_H_

#include "base/matrix.h"
#include "base/task_pool.h"
#include "model/arch_spec.h"
#include "model/weights.h"

namespace pellucid {

// rows, out [rows, d_model]; may be the same. Each row by itself.
void Normalise(const TaskPool& pool, const ArchSpec& spec,
               const NormWeights& weights, ConstMatrixView rows,
               MatrixView out);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_NORMALISE_H_
