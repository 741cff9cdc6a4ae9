// Attention scores: dots of queries with blocks of keys, scaled. A kernel of
// its own, since with rows as short as a head's it is the adding up of partials
// that costs (kernels/key_blocks.h).
#ifndef PELLUCID_KERNELS_SCORES_H_
#define PELLUCID_KERNELS_SCORES_H_

#include <cstddef>

#include "base/matrix.h"
#include "kernels/key_blocks.h"

namespace pellucid::kernels {

// rows[i, key] = scale dot(q[i], key), the dot in the canonical order and then
// one rounded multiplication, for the keys of blocks [begin, end). q [n,
// head_dim]; rows [n, any], whose rows must have room for whole blocks, since
// places beyond the last key are written too. Of 64 features, 55% of the
// multiply-add peak of Zen 3 with 16 queries, 25% with one.
void Scores(ConstMatrixView q, const ConstKeyBlocks& keys, std::size_t begin,
            std::size_t end, float scale, MatrixView rows);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_SCORES_H_
