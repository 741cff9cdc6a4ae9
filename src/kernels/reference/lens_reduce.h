// The plain loops that kernels/lens_reduce.h is judged by.
// They are also what PELLUCID_ISA=reference runs.
#ifndef PELLUCID_KERNELS_REFERENCE_LENS_REDUCE_H_
#define PELLUCID_KERNELS_REFERENCE_LENS_REDUCE_H_

#include <cstddef>
#include <span>

#include "base/matrix.h"
#include "kernels/lens_row.h"

namespace pellucid::kernels::reference {

// One entry of `max` a row of z [rows, kVocabBlock].
void MaxOfRows(ConstMatrixView z, LensRowMax* max);

// The exponentials of one row, z and e [kVocabBlock].
void ExpOfRow(const float* z, const LensScale& scale, float* e);

// One entry of `scales` and `sums` a row of z [rows, kVocabBlock], at most
// kLensGroup rows; final_e [kVocabBlock], the exponentials of the final row.
void SumRows(ConstMatrixView z, const LensScale* scales, const float* final_e,
             LensRowSums* sums);

std::uint64_t GreaterMask(std::span<const float> logits, float value);

std::size_t CountGreater(std::span<const float> logits, float value);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_LENS_REDUCE_H_
