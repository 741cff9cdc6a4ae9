// The plain loops of kernels/weighted_rows.h.
// They are also what PELLUCID_ISA=reference runs.
#ifndef PELLUCID_KERNELS_REFERENCE_WEIGHTED_ROWS_H_
#define PELLUCID_KERNELS_REFERENCE_WEIGHTED_ROWS_H_

#include "kernels/weighted_rows.h"

namespace pellucid::kernels::reference {

void AddWeightedRows(const RowFactors& factors, ConstMatrixView x,
                     MatrixView out);
void AddWeightedSums(const RowFactors& factors, ConstMatrixView x,
                     MatrixView out);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_WEIGHTED_ROWS_H_
