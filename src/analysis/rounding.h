// How far float32 results of the run may lie from the same sums of real
// numbers: to first order in the unit roundoff, each rounding at its worst
// (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, chapter 3).
#ifndef PELLUCID_ANALYSIS_ROUNDING_H_
#define PELLUCID_ANALYSIS_ROUNDING_H_

#include <cstddef>

#include "kernels/canonical.h"

namespace pellucid {

inline constexpr double kUnitRoundoff = 0x1p-24;  // of float32, to nearest

// Roundings that a term of a canonical sum of `terms` goes through at most: its
// partial sum's, and four of the folds.
inline double SumRoundings(std::size_t terms) {
  constexpr std::size_t kFolds = 4;  // 16 partials to one
  static_assert(std::size_t{1} << kFolds == kernels::kPartials);
  return static_cast<double>(
      (terms + kernels::kPartials - 1) / kernels::kPartials + kFolds);
}

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_ROUNDING_H_
