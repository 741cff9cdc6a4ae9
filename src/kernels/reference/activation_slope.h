// The plain formulas of kernels/activation_slope.h.
// It is also what PELLUCID_ISA=reference runs.
#ifndef PELLUCID_KERNELS_REFERENCE_ACTIVATION_SLOPE_H_
#define PELLUCID_KERNELS_REFERENCE_ACTIVATION_SLOPE_H_

#include <span>

#include "kernels/activation.h"

namespace pellucid::kernels::reference {

void MultiplyBySlope(Activation activation, std::span<const float> x,
                     std::span<const float> v, std::span<float> out);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_ACTIVATION_SLOPE_H_
