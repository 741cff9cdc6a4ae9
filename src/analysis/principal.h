// The first principal component of a few vectors about zero: the direction with
// the largest sum of squared components.
#ifndef PELLUCID_ANALYSIS_PRINCIPAL_H_
#define PELLUCID_ANALYSIS_PRINCIPAL_H_

#include <cstddef>
#include <span>
#include <vector>

#include "pellucid/result.h"

namespace pellucid {

struct Principal {
  std::vector<double> direction;  // of length 1; either sign
  double mean_square = 0;         // of the components along it
};

// `rows` [count, width]. Power iteration in float64 from the row with the
// largest square: the same on every machine. Costs at most kMostSteps passes
// over the rows. kUsage: all rows are zero; the two largest components are so
// nearly equal that none is the first.
inline constexpr std::size_t kMostSteps = 5000;
Result<Principal> FirstPrincipal(std::span<const double> rows,
                                 std::size_t width);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_PRINCIPAL_H_
