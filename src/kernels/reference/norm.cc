#include "kernels/reference/norm.h"

#include <cmath>
#include <cstddef>

#include "kernels/reference/linear.h"

namespace pellucid::kernels::reference {

void RmsNorm(ConstMatrixView x, std::span<const float> weight, float eps,
             MatrixView out) {
  for (std::size_t r = 0; r < x.rows; ++r) {
    const std::span<const float> row = x.RowSpan(r);
    const float mean = Dot(row, row) / static_cast<float>(x.cols);
    const float scale = 1.0f / std::sqrt(mean + eps);
    for (std::size_t k = 0; k < x.cols; ++k) {
      out.Row(r)[k] = row[k] * scale * weight[k];
    }
  }
}

}  // namespace pellucid::kernels::reference
