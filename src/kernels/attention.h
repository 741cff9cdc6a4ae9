// Causal attention of one sequence, by blocks of queries that hold their score
// rows in scratch: scores, softmax, p V. No [T, T] matrix is kept, and what an
// observer sees are the very numbers used.
//
// A score is a canonical dot times `scale`, then capped, then a bias is added:
// each its own rounded step. The softmax of a row takes exact
// maximum, exp(s - max), the sum in 16 partials by key index (canonical order
// over keys 0..q), and one division an element. p V adds one fused
// multiply-add a key, in rising key index, for each feature. So a row does not
// depend on other rows or on the block it is in.
#ifndef PELLUCID_KERNELS_ATTENTION_H_
#define PELLUCID_KERNELS_ATTENTION_H_

#include <cstddef>
#include <functional>
#include <span>

#include "base/matrix.h"
#include "kernels/key_blocks.h"

namespace pellucid::kernels {

struct AttentionShape {
  std::size_t head_dim = 0;
  float scale = 1;
  // Keys visible from query q: q - window < k <= q; 0: all k <= q.
  std::size_t window = 0;
  // 0: none; else a score s becomes softcap * tanh(s / softcap) (Gemma 2).
  float softcap = 0;
  // [T], or empty: added to the score of each key (ALiBi, the numbers of this
  // head, counted from the first key of `k`). Softmax takes no note of what
  // a row's numbers have in common, so these need not know the query.
  std::span<const float> key_bias = {};
};

// Receives a block of score rows of one head: rows are those of q from
// first_query on, columns the keys 0 .. T-1, of which row i holds those up to
// its own; `stride` floats apart. Called for finished scores before, and for
// probabilities after the softmax. May change the numbers of the visible keys.
using AttentionObserver =
    std::function<void(std::size_t first_query, MatrixView rows)>;

// One head: keys and values of T positions, v [T, head_dim], and q and out [Q,
// head_dim], the last Q of these (Q < T where keys come from a cache); matrices
// are views into wider ones (stride).
// Works on rows [begin, end) of q and leaves other rows of `out` alone.
// Observers may be empty. One thread; takes scratch of min(32, end - begin)
// rows of T floats once a call. A score of +inf or NaN gives its own row of
// `out` NaNs; -inf leaves a key out, unless all of a row's are. Costs about 2
// head_dim T^2 operations: 58 GFLOP/s on a core of Zen 3.
void AttendHead(const AttentionShape& shape, ConstMatrixView q,
                const ConstKeyBlocks& k, ConstMatrixView v, std::size_t begin,
                std::size_t end, const AttentionObserver& on_scores,
                const AttentionObserver& on_pattern, MatrixView out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_ATTENTION_H_
