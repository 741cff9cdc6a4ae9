// A direction of what a matrix gives, as a direction of what it reads: g W, in
// float64, for weights as they lie in their file.
#ifndef PELLUCID_ANALYSIS_PULLED_WEIGHTS_H_
#define PELLUCID_ANALYSIS_PULLED_WEIGHTS_H_

#include <span>
#include <stop_token>
#include <vector>

#include "base/matrix.h"
#include "base/task_pool.h"

namespace pellucid {

struct PulledWeights {
  std::vector<double> sums;        // [cols]: sum over k of g[k] w[k, j]
  std::vector<double> magnitudes;  // [cols]: the same of absolute values
};

// direction [rows of w]. Decodes each row once; holds a few blocks of rows and
// some vectors of sums, whatever the number of rows. Sums go by blocks of rows
// of fixed size, in their order, so threads change no bit. With `stop`
// requested the result is not whole.
PulledWeights PullBack(const TaskPool& pool, const WeightView& w,
                       std::span<const double> direction,
                       const std::stop_token& stop = {});

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_PULLED_WEIGHTS_H_
