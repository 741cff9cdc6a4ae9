// Derivatives of what attention does to rows of scores: the softmax, whose
// Jacobian p (v - sum(p v)) is symmetric and so serves adjoint and tangent, and
// the soft cap. And the rows of a router (kernels/softmax.h).
#ifndef PELLUCID_KERNELS_SOFTMAX_JACOBIAN_H_
#define PELLUCID_KERNELS_SOFTMAX_JACOBIAN_H_

#include <span>

namespace pellucid::kernels {

// v[k] = p[k] (v[k] - s), s = sum of p v in the canonical order over the keys
// (kernels/canonical.h). p: what a softmax gave; where it is 0, v becomes 0.
void MultiplyBySoftmaxJacobian(std::span<const float> p, std::span<float> v);

// v[k] *= 1 - (y[k] / cap)^2: the slope of y = cap tanh(x / cap), by what it
// gave. Where y is -inf, a masked score, v becomes 0.
void MultiplyByCapSlope(float cap, std::span<const float> y,
                        std::span<float> v);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_SOFTMAX_JACOBIAN_H_
