#include "model/normalise.h"

#include <algorithm>

#include "kernels/norm.h"
#include "kernels/norm_jacobian.h"
#include "model/row_blocks.h"

namespace pellucid {

void Normalise(const TaskPool& pool, const ArchSpec& spec,
               const NormWeights& weights, ConstMatrixView rows,
               MatrixView out) {
  if (weights.empty()) {
    if (out.data == rows.data) return;
    for (std::size_t r = 0; r < rows.rows; ++r) {
      std::ranges::copy(rows.RowSpan(r), out.Row(r));
    }
    return;
  }
  ForRowBlocks(pool, rows.rows, [&](std::size_t begin, std::size_t count) {
    const ConstMatrixView in = rows.Rows(begin, count);
    switch (spec.norm) {
      case NormKind::kRms:
        return kernels::RmsNorm(in, weights.weight, spec.norm_eps,
                                out.Rows(begin, count));
      case NormKind::kLayer:
        return kernels::LayerNorm(in, weights.weight, weights.bias,
                                  spec.norm_eps, out.Rows(begin, count));
    }
  });
}

void NormAdjoint(const ArchSpec& spec, const NormWeights& weights,
                 ConstMatrixView x, ConstMatrixView dy, MatrixView dx) {
  const auto adjoint = spec.norm == NormKind::kRms ? kernels::RmsNormAdjoint
                                                   : kernels::LayerNormAdjoint;
  adjoint(x, weights.weight, spec.norm_eps, dy, dx);
}

void NormTangent(const ArchSpec& spec, const NormWeights& weights,
                 ConstMatrixView x, ConstMatrixView dx, MatrixView dy) {
  const auto tangent = spec.norm == NormKind::kRms ? kernels::RmsNormTangent
                                                   : kernels::LayerNormTangent;
  tangent(x, weights.weight, spec.norm_eps, dx, dy);
}

}  // namespace pellucid
