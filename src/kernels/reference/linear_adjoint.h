// The plain loop of kernels/linear_adjoint.h.
// It is also what PELLUCID_ISA=reference runs.
#ifndef PELLUCID_KERNELS_REFERENCE_LINEAR_ADJOINT_H_
#define PELLUCID_KERNELS_REFERENCE_LINEAR_ADJOINT_H_

#include <span>

#include "kernels/linear_adjoint.h"

namespace pellucid::kernels::reference {

void LinearAdjoint(std::span<const LinearCotangent> products, MatrixView dx);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_LINEAR_ADJOINT_H_
