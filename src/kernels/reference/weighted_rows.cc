#include "kernels/reference/weighted_rows.h"

#include <cmath>
#include <cstddef>

namespace pellucid::kernels::reference {

void AddWeightedRows(const RowFactors& factors, ConstMatrixView x,
                     MatrixView out) {
  for (std::size_t m = 0; m < factors.sums; ++m) {
    for (std::size_t c = 0; c < x.cols; ++c) {
      float& sum = out.Row(m)[c];
      for (std::size_t n = 0; n < factors.rows; ++n) {
        sum = std::fma(factors.At(m, n), x.Row(n)[c], sum);
      }
    }
  }
}

}  // namespace pellucid::kernels::reference
