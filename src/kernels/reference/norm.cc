#include "kernels/reference/norm.h"

#include <cmath>
#include <cstddef>
#include <vector>

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

void LayerNorm(ConstMatrixView x, std::span<const float> weight,
               std::span<const float> bias, float eps, MatrixView out) {
  const std::vector<float> ones(x.cols, 1.0f);
  const auto count = static_cast<float>(x.cols);
  std::vector<float> centered(x.cols);
  for (std::size_t r = 0; r < x.rows; ++r) {
    const std::span<const float> row = x.RowSpan(r);
    const float mean = Dot(row, ones) / count;
    for (std::size_t k = 0; k < x.cols; ++k) centered[k] = row[k] - mean;
    const float variance = Dot(centered, centered) / count;
    const float scale = 1.0f / std::sqrt(variance + eps);
    for (std::size_t k = 0; k < x.cols; ++k) {
      float v = centered[k] * scale;
      if (!weight.empty()) v *= weight[k];
      if (!bias.empty()) v += bias[k];
      out.Row(r)[k] = v;
    }
  }
}

}  // namespace pellucid::kernels::reference
