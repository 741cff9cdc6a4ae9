#include "model/head.h"

#include "kernels/linear.h"
#include "kernels/norm.h"
#include "model/row_blocks.h"

namespace pellucid {

void Head::Normalise(const TaskPool& pool, ConstMatrixView residual,
                     MatrixView out) const {
  ForRowBlocks(pool, residual.rows, [&](std::size_t begin, std::size_t count) {
    kernels::RmsNorm(residual.Rows(begin, count), weights_.final_norm,
                     spec_.norm_eps, out.Rows(begin, count));
  });
}

void Head::Project(const TaskPool& pool, ConstMatrixView normed,
                   MatrixView logits, const std::stop_token& stop) const {
  kernels::Linear(pool, normed, weights_.unembed, {}, logits, stop);
}

}  // namespace pellucid
