#include "kernels/reference/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "kernels/canonical.h"
#include "kernels/math.h"
#include "kernels/reference/linear.h"

namespace pellucid::kernels::reference {
namespace {

float Score(std::span<const float> q, const ConstKeyBlocks& keys,
            std::size_t token, float scale) {
  std::vector<float> key(keys.head_dim);
  for (std::size_t d = 0; d < key.size(); ++d) key[d] = keys.At(token, d);
  return Dot(q, key) * scale;
}

// What attention makes of a scaled dot with key `token`.
float Finished(const AttentionShape& shape, std::size_t token, float score) {
  if (shape.softcap != 0) {
    score = Tanh(score / shape.softcap) * shape.softcap;
  }
  return shape.key_bias.empty() ? score : score + shape.key_bias[token];
}

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

void Scores(ConstMatrixView q, const ConstKeyBlocks& keys, std::size_t begin,
            std::size_t end, float scale, MatrixView rows) {
  const std::size_t last = std::min(end * kKeysInBlock, keys.tokens);
  for (std::size_t i = 0; i < q.rows; ++i) {
    for (std::size_t j = begin * kKeysInBlock; j < last; ++j) {
      rows.Row(i)[j] = Score(q.RowSpan(i), keys, j, scale);
    }
  }
}

void AttendHead(const AttentionShape& shape, ConstMatrixView q,
                const ConstKeyBlocks& k, ConstMatrixView v, std::size_t begin,
                std::size_t end, const AttentionObserver& on_scores,
                const AttentionObserver& on_pattern, MatrixView out) {
  constexpr float kMasked = -std::numeric_limits<float>::infinity();
  const std::size_t past = k.tokens - q.rows;
  for (std::size_t row_of_q = begin; row_of_q < end; ++row_of_q) {
    const std::size_t i = past + row_of_q;  // position
    const bool narrow = shape.window > 0 && i >= shape.window;
    const std::size_t first = narrow ? i - shape.window + 1 : 0;

    std::vector<float> row(k.tokens, kMasked);
    for (std::size_t j = first; j <= i; ++j) {
      row[j] =
          Finished(shape, j, Score(q.RowSpan(row_of_q), k, j, shape.scale));
    }
    if (on_scores) on_scores(row_of_q, {row.data(), 1, k.tokens});

    SoftmaxInPlace(row, first, i);
    for (std::size_t j = 0; j < first; ++j) row[j] = 0;
    for (std::size_t j = i + 1; j < k.tokens; ++j) row[j] = 0;
    if (on_pattern) on_pattern(row_of_q, {row.data(), 1, k.tokens});

    for (std::size_t d = 0; d < shape.head_dim; ++d) {
      float sum = 0;
      for (std::size_t j = first; j <= i; ++j) {
        sum = std::fma(row[j], v.Row(j)[d], sum);
      }
      out.Row(row_of_q)[d] = sum;
    }
  }
}

}  // namespace pellucid::kernels::reference
