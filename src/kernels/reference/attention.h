// The plain loops that kernels/attention.h and kernels/scores.h are judged by,
// one query at a time. Nothing is blocked, so that the order of each sum is
// plain to see.
#ifndef PELLUCID_KERNELS_REFERENCE_ATTENTION_H_
#define PELLUCID_KERNELS_REFERENCE_ATTENTION_H_

#include <cstddef>

#include "base/matrix.h"
#include "kernels/attention.h"

namespace pellucid::kernels::reference {

// As kernels::Scores.
void Scores(ConstMatrixView q, const ConstKeyBlocks& keys, std::size_t begin,
            std::size_t end, float scale, MatrixView rows);

// As kernels::AttendHead; observers get blocks of one row.
void AttendHead(const AttentionShape& shape, ConstMatrixView q,
                const ConstKeyBlocks& k, ConstMatrixView v, std::size_t begin,
                std::size_t end, const AttentionObserver& on_scores,
                const AttentionObserver& on_pattern, MatrixView out);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_ATTENTION_H_
