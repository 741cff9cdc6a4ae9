// The plain loops of kernels/norm_jacobian.h.
// It is also what PELLUCID_ISA=reference runs.
#ifndef PELLUCID_KERNELS_REFERENCE_NORM_JACOBIAN_H_
#define PELLUCID_KERNELS_REFERENCE_NORM_JACOBIAN_H_

#include <span>

#include "base/matrix.h"

namespace pellucid::kernels::reference {

void RmsNormAdjoint(ConstMatrixView x, std::span<const float> weight, float eps,
                    ConstMatrixView dy, MatrixView dx);
void LayerNormAdjoint(ConstMatrixView x, std::span<const float> weight,
                      float eps, ConstMatrixView dy, MatrixView dx);
void RmsNormTangent(ConstMatrixView x, std::span<const float> weight, float eps,
                    ConstMatrixView dx, MatrixView dy);
void LayerNormTangent(ConstMatrixView x, std::span<const float> weight,
                      float eps, ConstMatrixView dx, MatrixView dy);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_NORM_JACOBIAN_H_
