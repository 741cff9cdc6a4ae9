#include "kernels/reference/weighted_rows.h"

#include <cmath>
#include <cstddef>

namespace pellucid::kernels::reference {
namespace {

// `sum` and factors[m, n] x[n, c], row after row.
float Onto(float sum, const RowFactors& factors, std::size_t m,
           ConstMatrixView x, std::size_t c) {
  for (std::size_t n = 0; n < factors.rows; ++n) {
    sum = std::fma(factors.At(m, n), x.Row(n)[c], sum);
  }
  return sum;
}

}  // namespace

void AddWeightedRows(const RowFactors& factors, ConstMatrixView x,
                     MatrixView out) {
  for (std::size_t m = 0; m < factors.sums; ++m) {
    for (std::size_t c = 0; c < x.cols; ++c) {
      out.Row(m)[c] = Onto(out.Row(m)[c], factors, m, x, c);
    }
  }
}

void AddWeightedSums(const RowFactors& factors, ConstMatrixView x,
                     MatrixView out) {
  for (std::size_t m = 0; m < factors.sums; ++m) {
    for (std::size_t c = 0; c < x.cols; ++c) {
      out.Row(m)[c] += Onto(0, factors, m, x, c);
    }
  }
}

}  // namespace pellucid::kernels::reference
