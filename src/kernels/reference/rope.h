// The plain loop that kernels/rope.h is judged by.
// It is also what PELLUCID_ISA=reference runs.
#ifndef PELLUCID_KERNELS_REFERENCE_ROPE_H_
#define PELLUCID_KERNELS_REFERENCE_ROPE_H_

#include <cstddef>

#include "base/matrix.h"
#include "kernels/rope.h"

namespace pellucid::kernels::reference {

// As kernels::ApplyRope.
void ApplyRope(const RopeTable& table, std::size_t first_row,
               std::size_t head_dim, MatrixView x);
void ApplyRopeAdjoint(const RopeTable& table, std::size_t first_row,
                      std::size_t head_dim, MatrixView x);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_ROPE_H_
