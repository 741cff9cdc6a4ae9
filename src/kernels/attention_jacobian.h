// Derivatives of attention (kernels/attention.h), one head at a time: adjoint,
// from cotangents of what it gives to those of queries, keys and values, and
// tangent, the other way. Several copies of either share one run.
//
// No [T, T] matrix is kept here either: rows of the pattern are computed again
// for each block of queries, by AttendHead itself, so they have the run's bits.
// With P the pattern, S the scores and dX the cotangent of X:
//
//   dV = P^T dZ    dP = dZ V^T    dS = P (dP - sum_k(P dP))
//   dQ = c dS K    dK = c dS^T Q  c: the scale; before it dS takes the slope
//                                 of the cap, by what the cap gave
//
// Products with rows of 16 and more keys are canonical dots (kernels/scores.h),
// sums over queries or keys one fused multiply-add each in rising order
// (kernels/weighted_rows.h); so no copy depends on the others.
#ifndef PELLUCID_KERNELS_ATTENTION_JACOBIAN_H_
#define PELLUCID_KERNELS_ATTENTION_JACOBIAN_H_

#include <span>

#include "base/matrix.h"
#include "kernels/attention.h"
#include "kernels/key_blocks.h"

namespace pellucid::kernels {

// What AttendHead read in the run: queries of all T positions. Observers are
// called as there, and may edit as they did then. An architecture that caps
// scores has no key bias.
struct HeadRun {
  AttentionShape shape;
  ConstMatrixView q, k, v;                  // [T, head_dim]
  ConstKeyBlocks key_blocks, value_blocks;  // k and v once more
  AttentionObserver on_scores, on_pattern;  // or empty
};

// One copy. Its observers are shown, for a block of queries, the cotangents of
// pattern and scores, 0 where a query does not see a key, and may add to them
// where it does.
struct HeadCotangent {
  ConstMatrixView dz;     // [T, head_dim]
  MatrixView dq, dk, dv;  // [T, head_dim], overwritten
  AttentionObserver on_scores, on_pattern;
};

// One thread. Costs 5 / 2 of what AttendHead does for each copy, and that once.
void AttendHeadAdjoint(const HeadRun& run,
                       std::span<const HeadCotangent> copies);

struct HeadTangent {
  ConstMatrixView dq;  // [T, head_dim]
  ConstKeyBlocks dk;   // of T keys
  ConstMatrixView dv;  // [T, head_dim]
  MatrixView dz;       // [T, head_dim], overwritten
  AttentionObserver on_scores, on_pattern;
};

void AttendHeadTangent(const HeadRun& run, std::span<const HeadTangent> copies);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_ATTENTION_JACOBIAN_H_
