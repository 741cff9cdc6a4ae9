// The softmax of a short row: the router of a mixture of experts. (Attention
// has its own, over rows in scratch: kernels/attention.h.)
#ifndef PELLUCID_KERNELS_SOFTMAX_H_
#define PELLUCID_KERNELS_SOFTMAX_H_

#include <span>

namespace pellucid::kernels {

// x[i] = exp(x[i] - max x) / sum: exact maximum, our own exp, the sum in the
// canonical order, one division an element. Plain loops on every instruction
// set. NaN or +inf gives NaNs.
void Softmax(std::span<float> x);

// 1 / (1 + exp(-x)), each step rounded.
float Sigmoid(float x);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_SOFTMAX_H_
