// Derivatives of the activations of kernels/activation.h, in closed form. At
// the kink of a ReLU it is 0, as in PyTorch.
//
// With sigma(x) = 1 / (1 + exp(-x)) and the steps rounded in the order written:
//   silu        sigma (1 + x (1 - sigma))
//   gelu        0.5 (1 + erf(x sqrt(1/2))) + x (exp(-0.5 (x x)) / sqrt(2 pi))
//   gelu_tanh   0.5 (1 + t) + (0.5 x) ((1 - t t) u'), t = tanh(u), u and u' =
//   gelu_fast   sqrt(2/pi) (1 + 3 c x^2) of the cubic
//   quick_gelu  sigma (1 + z (1 - sigma)), z = 1.702 x, sigma of z
// where the arguments of the cubic are held within +-30: beyond, it is 0 or 1.
#ifndef PELLUCID_KERNELS_ACTIVATION_SLOPE_H_
#define PELLUCID_KERNELS_ACTIVATION_SLOPE_H_

#include <span>

#include "kernels/activation.h"

namespace pellucid::kernels {

// out[i] = activation'(x[i]) v[i]; any count; `out` may be `v` or `x`. Any
// vector width gives the same bits.
void MultiplyBySlope(Activation activation, std::span<const float> x,
                     std::span<const float> v, std::span<float> out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_ACTIVATION_SLOPE_H_
