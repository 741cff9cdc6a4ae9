#include "kernels/reference/norm_jacobian.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/reference/linear.h"

namespace pellucid::kernels::reference {
namespace {

using Row = std::vector<float>;

// J v of one row x; `layer`: of LayerNorm.
Row Times(bool layer, std::span<const float> x, float eps, const Row& v) {
  const auto d = static_cast<float>(x.size());
  const Row ones(x.size(), 1.0f);
  const float mean = layer ? Dot(x, ones) / d : 0;
  const float v_mean = layer ? Dot(v, ones) / d : 0;
  Row h(x.begin(), x.end());
  for (float& one : h) one -= mean;
  const float scale = 1.0f / std::sqrt(Dot(h, h) / d + eps);
  for (float& one : h) one *= scale;
  const float along = Dot(v, h) / d;
  Row out(x.size());
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k] = std::fma(-h[k], along, v[k] - v_mean) * scale;
  }
  return out;
}

Row Weighted(Row row, std::span<const float> weight) {
  for (std::size_t k = 0; k < weight.size(); ++k) row[k] *= weight[k];
  return row;
}

void Apply(bool layer, bool adjoint, ConstMatrixView x,
           std::span<const float> weight, float eps, ConstMatrixView in,
           MatrixView out) {
  for (std::size_t r = 0; r < x.rows; ++r) {
    Row v(in.RowSpan(r).begin(), in.RowSpan(r).end());
    if (adjoint) v = Weighted(v, weight);
    v = Times(layer, x.RowSpan(r), eps, v);
    if (!adjoint) v = Weighted(v, weight);
    for (std::size_t k = 0; k < v.size(); ++k) out.Row(r)[k] = v[k];
  }
}

}  // namespace

void RmsNormAdjoint(ConstMatrixView x, std::span<const float> weight, float eps,
                    ConstMatrixView dy, MatrixView dx) {
  Apply(/*layer=*/false, /*adjoint=*/true, x, weight, eps, dy, dx);
}

void LayerNormAdjoint(ConstMatrixView x, std::span<const float> weight,
                      float eps, ConstMatrixView dy, MatrixView dx) {
  Apply(/*layer=*/true, /*adjoint=*/true, x, weight, eps, dy, dx);
}

void RmsNormTangent(ConstMatrixView x, std::span<const float> weight, float eps,
                    ConstMatrixView dx, MatrixView dy) {
  Apply(/*layer=*/false, /*adjoint=*/false, x, weight, eps, dx, dy);
}

void LayerNormTangent(ConstMatrixView x, std::span<const float> weight,
                      float eps, ConstMatrixView dx, MatrixView dy) {
  Apply(/*layer=*/true, /*adjoint=*/false, x, weight, eps, dx, dy);
}

}  // namespace pellucid::kernels::reference
