// Derivatives of the norms of kernels/norm.h. With h the row as the norm
// leaves it before its weight, and s the scale it multiplied by, the Jacobian
// before the weight is, for a row of d numbers,
//
//   J = s (I - h h^T / d)              RMSNorm
//   J = s (I - 1 1^T / d - h h^T / d)  LayerNorm
//
// which is symmetric: the adjoint takes the weight before it, the tangent
// behind it. Sums are in the canonical order (kernels/canonical.h): m2 = (v .
// h) / d and, for LayerNorm, m1 = sum(v) / d; then (fma(-h, m2, v - m1)) s.
#ifndef PELLUCID_KERNELS_NORM_JACOBIAN_H_
#define PELLUCID_KERNELS_NORM_JACOBIAN_H_

#include <span>

#include "base/matrix.h"

namespace pellucid::kernels {

// x: what was normed, [rows, d]; dy, dx [rows, d]; weight [d], or empty. `dx`
// may be `dy`. Each row by itself.
void RmsNormAdjoint(ConstMatrixView x, std::span<const float> weight, float eps,
                    ConstMatrixView dy, MatrixView dx);
void LayerNormAdjoint(ConstMatrixView x, std::span<const float> weight,
                      float eps, ConstMatrixView dy, MatrixView dx);

// The other way: a change of x to that of y. `dy` may be `dx`.
void RmsNormTangent(ConstMatrixView x, std::span<const float> weight, float eps,
                    ConstMatrixView dx, MatrixView dy);
void LayerNormTangent(ConstMatrixView x, std::span<const float> weight,
                      float eps, ConstMatrixView dx, MatrixView dy);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_NORM_JACOBIAN_H_
