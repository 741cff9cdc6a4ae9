// The plain formulas that kernels/activation.h is judged by.
// They are also what PELLUCID_ISA=reference runs.
#ifndef PELLUCID_KERNELS_REFERENCE_ACTIVATION_H_
#define PELLUCID_KERNELS_REFERENCE_ACTIVATION_H_

#include <span>

#include "kernels/activation.h"

namespace pellucid::kernels::reference {

// As kernels::Activate.
void Activate(Activation activation, std::span<const float> x,
              std::span<float> out);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_ACTIVATION_H_
