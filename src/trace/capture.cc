#include "trace/capture.h"

#include <algorithm>
#include <utility>

namespace pellucid {

Capture::Capture(const Plan& plan, const SiteTable& table,
                 std::span<const std::size_t> offsets)
    : plan_(plan),
      offsets_(offsets.begin(), offsets.end()),
      traces_(offsets.size() - 1) {
  // Blocks of attention rows arrive from many threads: their tensors must be
  // there before, so that no thread changes the map.
  for (std::size_t p = 0; p < traces_.size(); ++p) {
    for (const Site& site : table.sites()) {
      if (!IsAttentionMatrix(site.key.point)) continue;
      for (const Plan::Recording& recording : plan.RecordingsOf(site.key)) {
        traces_[p].sites.emplace(
            recording.name,
            Tensor({table.sizes().n_heads, Tokens(p), Tokens(p)}));
      }
    }
  }
}

void Capture::Visit(SiteKey key, ConstMatrixView value) {
  for (std::size_t p = 0; p < traces_.size(); ++p) {
    for (const Plan::Recording& recording : plan_.RecordingsOf(key)) {
      std::vector<std::size_t> shape = recording.shape;
      shape.insert(shape.begin(), Tokens(p));
      Tensor tensor(std::move(shape));
      for (std::size_t t = 0; t < Tokens(p); ++t) {
        std::ranges::copy(
            value.RowSpan(offsets_[p] + t)
                .subspan(recording.first_column, recording.columns),
            tensor.Row(t).begin());
      }
      traces_[p].sites.insert_or_assign(recording.name, std::move(tensor));
    }
  }
}

void Capture::VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                             std::size_t first_query, ConstMatrixView rows) {
  for (const Plan::Recording& recording : plan_.RecordingsOf(key)) {
    Tensor& tensor = traces_[prompt].sites.find(recording.name)->second;
    const std::span<float> matrix = tensor.Row(head);  // [queries, keys]
    for (std::size_t i = 0; i < rows.rows; ++i) {
      std::ranges::copy(
          rows.RowSpan(i),
          matrix.subspan((first_query + i) * Tokens(prompt)).begin());
    }
  }
}

}  // namespace pellucid
