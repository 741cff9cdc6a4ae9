#include "kernels/reference/linear.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/canonical.h"
#include "kernels/reference/decode.h"

namespace pellucid::kernels::reference {

float Dot(std::span<const float> a, std::span<const float> b) {
  float partial[kPartials] = {};
  const std::size_t padded = (a.size() + kPartials - 1) / kPartials * kPartials;
  for (std::size_t k = 0; k < padded; ++k) {
    const bool inside = k < a.size();
    float& sum = partial[k % kPartials];
    sum = std::fma(inside ? a[k] : 0.0f, inside ? b[k] : 0.0f, sum);
  }
  return FoldPartials(partial);
}

void DotTile(ConstMatrixView x, ConstMatrixView w, MatrixView out) {
  for (std::size_t m = 0; m < x.rows; ++m) {
    for (std::size_t n = 0; n < w.rows; ++n) {
      out.Row(m)[n] = Dot(x.RowSpan(m), w.RowSpan(n));
    }
  }
}

void DotRows(ConstMatrixView x, const WeightView& w, std::size_t begin,
             MatrixView out) {
  std::vector<float> row(w.cols);
  for (std::size_t n = 0; n < out.cols; ++n) {
    DecodeRows(w, begin + n, {row.data(), 1, row.size()});
    for (std::size_t m = 0; m < x.rows; ++m) {
      out.Row(m)[n] = Dot(x.RowSpan(m), row);
    }
  }
}

void Linear(ConstMatrixView x, const WeightView& w, std::span<const float> bias,
            MatrixView y) {
  DotRows(x, w, 0, y);
  if (bias.empty()) return;
  for (std::size_t m = 0; m < y.rows; ++m) {
    for (std::size_t n = 0; n < y.cols; ++n) y.Row(m)[n] += bias[n];
  }
}

}  // namespace pellucid::kernels::reference
