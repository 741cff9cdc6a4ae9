// Normalisation of rows. RMSNorm: Zhang & Sennrich 2019.
// Its sum of squares is the one sum here, in the canonical order.
#ifndef PELLUCID_KERNELS_NORM_H_
#define PELLUCID_KERNELS_NORM_H_

#include <span>

#include "base/matrix.h"

namespace pellucid::kernels {

// out[k] = (x[k] / sqrt(mean(x^2) + eps)) weight[k], each row by itself:
// sum of squares in the canonical order, scale = 1 / sqrt(sum / d + eps), then
// two rounded multiplications. x, out [rows, d], weight [d]; `out` may be `x`.
void RmsNorm(ConstMatrixView x, std::span<const float> weight, float eps,
             MatrixView out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_NORM_H_
