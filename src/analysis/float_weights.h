// Rows of float32 as a weight matrix: what a product with numbers of our own,
// not of a file, multiplies by (kernels/linear.h).
#ifndef PELLUCID_ANALYSIS_FLOAT_WEIGHTS_H_
#define PELLUCID_ANALYSIS_FLOAT_WEIGHTS_H_

#include <cstddef>

#include "base/matrix.h"

namespace pellucid {

// Lives as long as what `rows` points at.
inline WeightView FloatWeights(ConstMatrixView rows) {
  WeightView view;
  view.data = reinterpret_cast<const std::byte*>(rows.data);
  view.rows = rows.rows;
  view.cols = rows.cols;
  view.row_bytes = rows.stride * sizeof(float);
  return view;
}

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_FLOAT_WEIGHTS_H_
