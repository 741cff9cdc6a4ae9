// Sums of rows, each times a number: what a product is where its second factor
// is read along its rows. Adjoints of dots are made of it (linear_adjoint.h,
// and those of attention), as dots are made of kernels/dot_tile.h.
//
// Lanes are columns, and each sum is one fused multiply-add a row, in rising
// order, onto what is there before: so a row whose number is 0 changes nothing,
// and no sum depends on the others.
#ifndef PELLUCID_KERNELS_WEIGHTED_ROWS_H_
#define PELLUCID_KERNELS_WEIGHTED_ROWS_H_

#include <cstddef>

#include "base/matrix.h"

namespace pellucid::kernels {

// The number of row n in sum m, at data + m * sum_step + n * row_step.
struct RowFactors {
  const float* data = nullptr;
  std::size_t sums = 0, rows = 0;
  std::size_t sum_step = 0, row_step = 1;

  // Sums are rows of `matrix`, or its columns.
  static RowFactors OfRows(ConstMatrixView matrix) {
    return {matrix.data, matrix.rows, matrix.cols, matrix.stride, 1};
  }
  static RowFactors OfColumns(ConstMatrixView matrix) {
    return {matrix.data, matrix.cols, matrix.rows, 1, matrix.stride};
  }
  float At(std::size_t sum, std::size_t row) const {
    return data[sum * sum_step + row * row_step];
  }
};

// out[m, c] += sum over n of factors[m, n] x[n, c]: x [factors.rows, C], out
// [factors.sums, C]. One thread. Fastest where x fits the second cache.
void AddWeightedRows(const RowFactors& factors, ConstMatrixView x,
                     MatrixView out);

// The same, but each sum begins at 0 and is added to out[m, c] when it is done.
void AddWeightedSums(const RowFactors& factors, ConstMatrixView x,
                     MatrixView out);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_WEIGHTED_ROWS_H_
