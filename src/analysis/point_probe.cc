#include "analysis/point_probe.h"

#include <algorithm>

namespace pellucid {

PointProbe::PointProbe(Point point, const SiteSizes& sizes, std::size_t tokens)
    : point_(point),
      tokens_(tokens),
      values_(IsPerLayer(point) ? sizes.n_layers : 1) {
  if (!IsAttentionMatrix(point)) return;
  for (Buffer& matrix : values_) {
    matrix = Buffer(sizes.n_heads * tokens, tokens);
  }
}

// Rows behind those of the prompt are not its own.
void PointProbe::Visit(SiteKey key, ConstMatrixView value) {
  Buffer& kept = values_[key.layer];
  kept = Buffer(tokens_, value.cols);
  for (std::size_t r = 0; r < tokens_; ++r) {
    std::ranges::copy(value.RowSpan(r), kept.view().Row(r));
  }
}

void PointProbe::VisitAttention(SiteKey key, std::size_t prompt,
                                std::size_t head, std::size_t first_query,
                                ConstMatrixView rows) {
  if (prompt > 0) return;
  const MatrixView matrix = values_[key.layer].view();
  for (std::size_t i = 0; i < rows.rows && first_query + i < tokens_; ++i) {
    std::ranges::copy(rows.RowSpan(i).first(tokens_),
                      matrix.Row(head * tokens_ + first_query + i));
  }
}

}  // namespace pellucid
