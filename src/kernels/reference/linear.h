// The plain loops that kernels/linear.h is judged by: the canonical order as
// it is written down in kernels/canonical.h.
#ifndef PELLUCID_KERNELS_REFERENCE_LINEAR_H_
#define PELLUCID_KERNELS_REFERENCE_LINEAR_H_

#include <cstddef>
#include <span>

#include "base/matrix.h"

namespace pellucid::kernels::reference {

// As kernels::Dot, kernels::DotTile, kernels::DotTransposed (whatever the
// layout of `w`) and kernels::Linear.
float Dot(std::span<const float> a, std::span<const float> b);
void DotTile(ConstMatrixView x, ConstMatrixView w, MatrixView out);
void DotRows(ConstMatrixView x, const WeightView& w, std::size_t begin,
             MatrixView out);
void Linear(ConstMatrixView x, const WeightView& w, std::span<const float> bias,
            MatrixView y);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_LINEAR_H_
