// Dots of a few rows of activations with rows of a matrix that its file holds
// transposed: what a step of generation does with GPT-2's weights. Turning them
// around first (kernels/decode_transposed.h) costs as much as several rows of
// dots; here lanes are outputs instead, so that weights are used as they lie.
//
// Each dot is in the canonical order (kernels/canonical.h) all the same: its 16
// partials are 16 registers, one lane each.
#ifndef PELLUCID_KERNELS_DOT_TRANSPOSED_H_
#define PELLUCID_KERNELS_DOT_TRANSPOSED_H_

#include <cstddef>

#include "base/matrix.h"

namespace pellucid::kernels {

// More rows than these are faster by way of DecodeRows.
inline constexpr std::size_t kMaxDotTransposedRows = 4;

// Whether DotTransposed takes `w`: transposed, of F32, F16 or BF16.
inline bool CanDotTransposed(const WeightView& w) {
  return w.transposed && (w.dtype == DType::kF32 || w.dtype == DType::kF16 ||
                          w.dtype == DType::kBF16);
}

// All dots of x [M, K], M <= kMaxDotTransposedRows, with rows [begin, begin +
// out.cols) of w [N, K], of which CanDotTransposed holds: out [M, out.cols].
// One thread; reads each weight once. Fastest for out.cols of 256 / M or more.
void DotTransposed(ConstMatrixView x, const WeightView& w, std::size_t begin,
                   MatrixView out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_DOT_TRANSPOSED_H_
