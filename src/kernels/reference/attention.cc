#include "kernels/reference/attention.h"

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "kernels/canonical.h"
#include "kernels/math.h"
#include "kernels/reference/linear.h"

namespace pellucid::kernels::reference {
namespace {

void SoftmaxInPlace(std::span<float> row, std::size_t first, std::size_t last) {
  float max = row[first];
  for (std::size_t k = first; k <= last; ++k) max = row[k] > max ? row[k] : max;
  float partial[kPartials] = {};
  for (std::size_t k = first; k <= last; ++k) {
    row[k] = Exp(row[k] - max);
    partial[k % kPartials] += row[k];
  }
  const float sum = FoldPartials(partial);
  for (std::size_t k = first; k <= last; ++k) row[k] /= sum;
}

}  // namespace

void AttendHead(const AttentionShape& shape, ConstMatrixView q,
                ConstMatrixView k, ConstMatrixView v, std::size_t begin,
                std::size_t end, const AttentionObserver& on_scores,
                const AttentionObserver& on_pattern, MatrixView out) {
  constexpr float kMasked = -std::numeric_limits<float>::infinity();
  for (std::size_t i = begin; i < end; ++i) {
    const bool narrow = shape.window > 0 && i >= shape.window;
    const std::size_t first = narrow ? i - shape.window + 1 : 0;

    std::vector<float> row(k.rows, kMasked);
    for (std::size_t j = first; j <= i; ++j) {
      row[j] = Dot(q.RowSpan(i), k.RowSpan(j)) * shape.scale;
    }
    if (on_scores) on_scores(i, {row.data(), 1, k.rows});

    SoftmaxInPlace(row, first, i);
    for (std::size_t j = 0; j < first; ++j) row[j] = 0;
    for (std::size_t j = i + 1; j < k.rows; ++j) row[j] = 0;
    if (on_pattern) on_pattern(i, {row.data(), 1, k.rows});

    for (std::size_t d = 0; d < shape.head_dim; ++d) {
      float sum = 0;
      for (std::size_t j = first; j <= i; ++j) {
        sum = std::fma(row[j], v.Row(j)[d], sum);
      }
      out.Row(i)[d] = sum;
    }
  }
}

}  // namespace pellucid::kernels::reference
