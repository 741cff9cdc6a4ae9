// Normalisation of rows. RMSNorm: Zhang & Sennrich 2019; LayerNorm: Ba, Kiros &
// Hinton 2016. Sums are in the canonical order (kernels/canonical.h); every
// other step is one rounded operation.
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

// out[k] = (x[k] - mean) / sqrt(variance + eps) weight[k] + bias[k], each row
// by itself: mean = sum(x) / d; c[k] = x[k] - mean; variance = sum(c^2) / d,
// the biased one; scale = 1 / sqrt(variance + eps); then c[k] times scale,
// times weight[k], plus bias[k], each rounded. Deviations are summed in a pass
// of their own, lest a mean far from 0 cost digits of the variance. x, out
// [rows, d]; weight and bias [d] or empty: without that step. `out` may be `x`.
void LayerNorm(ConstMatrixView x, std::span<const float> weight,
               std::span<const float> bias, float eps, MatrixView out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_NORM_H_
