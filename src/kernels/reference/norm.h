// The plain loops that kernels/norm.h is judged by.
// They are also what PELLUCID_ISA=reference runs.
#ifndef PELLUCID_KERNELS_REFERENCE_NORM_H_
#define PELLUCID_KERNELS_REFERENCE_NORM_H_

#include <span>

#include "base/matrix.h"

namespace pellucid::kernels::reference {

// As kernels::RmsNorm and kernels::LayerNorm.
void RmsNorm(ConstMatrixView x, std::span<const float> weight, float eps,
             MatrixView out);
void LayerNorm(ConstMatrixView x, std::span<const float> weight,
               std::span<const float> bias, float eps, MatrixView out);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_NORM_H_
