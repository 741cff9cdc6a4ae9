#include "model/head.h"

#include "kernels/linear.h"
#include "model/normalise.h"

namespace pellucid {

void Head::Normalise(const TaskPool& pool, ConstMatrixView residual,
                     MatrixView out) const {
  pellucid::Normalise(pool, spec_, weights_.final_norm, residual, out);
}

void Head::Project(const TaskPool& pool, ConstMatrixView normed,
                   MatrixView logits, const std::stop_token& stop) const {
  kernels::Linear(pool, normed, weights_.unembed, {}, logits, stop);
}

}  // namespace pellucid
