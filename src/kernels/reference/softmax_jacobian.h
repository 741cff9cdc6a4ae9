// The plain loops of kernels/softmax_jacobian.h.
// It is also what PELLUCID_ISA=reference runs.
#ifndef PELLUCID_KERNELS_REFERENCE_SOFTMAX_JACOBIAN_H_
#define PELLUCID_KERNELS_REFERENCE_SOFTMAX_JACOBIAN_H_

#include <span>

namespace pellucid::kernels::reference {

void MultiplyBySoftmaxJacobian(std::span<const float> p, std::span<float> v);
void MultiplyByCapSlope(float cap, std::span<const float> y,
                        std::span<float> v);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_SOFTMAX_JACOBIAN_H_
