// Least squares from streamed second moments: an affine map y = W x + b, fitted
// in one pass over pairs of rows that are never stored.
//
//   PairMoments moments(d);
//   for (batch) moments.Add(pool, x, y);
//   AffineMap map = moments.Solve(pool, 1e-4).value();
//
// Moments are kept about the mean of what was seen, in float64, and merged by
// the formula of Chan, Golub and LeVeque (1983); within a batch the products of
// centred rows are canonical float32 dots (kernels/linear.h). So results depend
// on how rows are cut into batches, by rounding, but not on threads.
#ifndef PELLUCID_ANALYSIS_RIDGE_H_
#define PELLUCID_ANALYSIS_RIDGE_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "base/matrix.h"
#include "base/task_pool.h"
#include "pellucid/result.h"
#include "pellucid/tensor.h"

namespace pellucid {

struct AffineMap {
  Tensor weight;            // [d, d]: row i makes feature i of y
  std::vector<float> bias;  // [d]
};

class PairMoments {
 public:
  // All that is kept of the rows, [d] and [d, d].
  struct Sums {
    std::size_t count = 0;
    std::vector<double> mean_x, mean_y;
    std::vector<double> xx;  // sums of (x - mean_x)(x - mean_x)^T
    std::vector<double> yx;  // sums of (y - mean_y)(x - mean_x)^T
  };

  // Of rows of `d` numbers; holds 16 d^2 bytes.
  explicit PairMoments(std::size_t d);
  // What sums() gave once.
  PairMoments(std::size_t d, Sums sums) : d_(d), sums_(std::move(sums)) {}

  static std::size_t BytesFor(std::size_t d) { return 16 * d * d; }

  // x, y [rows, d], rows >= 1. Costs 2 rows d^2 multiply-adds.
  void Add(const TaskPool& pool, ConstMatrixView x, ConstMatrixView y);

  std::size_t count() const { return sums_.count; }
  const Sums& sums() const { return sums_; }

  // The map that minimises the mean of |y - W x - b|^2, plus `ridge` times the
  // mean variance of a feature of x times |W|^2. Costs some d^3 multiply-adds
  // in float64. kUsage: fewer than two rows, or features that do not vary so
  // that `ridge` cannot tell them apart (then it is to be greater than 0).
  Result<AffineMap> Solve(const TaskPool& pool, double ridge) const;

 private:
  std::size_t d_;
  Sums sums_;
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_RIDGE_H_
