#include "analysis/growth_recorder.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace pellucid {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

// Where query t begins in a triangle, and the size of one of t queries.
std::size_t TriangleSize(std::size_t t) { return t * (t + 1) / 2; }

}  // namespace

GrowthRecorder::GrowthRecorder(const Plan& plan, const SiteTable& table,
                               std::size_t sequences,
                               std::vector<std::size_t> lens_rows)
    : plan_(plan),
      table_(table),
      lens_rows_(std::move(lens_rows)),
      recorded_(sequences),
      vectors_(sequences) {
  for (const Site& site : table.sites()) {
    if (!IsAttentionMatrix(site.key.point)) continue;
    for (const Plan::Recording& recording : plan.RecordingsOf(site.key)) {
      attention_points_[recording.name] = site.key.point;
    }
  }
}

void GrowthRecorder::Begin(std::span<const EditedRows> rows) {
  now_.assign(rows.begin(), rows.end());
  std::vector<std::size_t> last;
  for (const EditedRows& run : now_) {
    last.push_back(run.first_row + run.count - 1);
    Recorded& to = recorded_[run.prompt];
    to.tokens = run.past + run.count;
    // Rows of attention arrive from many threads: room for them is made before.
    for (const auto& [name, point] : attention_points_) {
      Triangles& heads = to.attention[name];
      heads.resize(table_.sizes().n_heads);
      for (auto& head : heads) head.resize(TriangleSize(to.tokens));
    }
  }
  if (lens_rows_.empty()) return;
  std::vector<const std::vector<std::size_t>*> rows_of(last.size(),
                                                       &lens_rows_);
  probe_.emplace(std::move(last), std::move(rows_of), table_.sizes().n_layers,
                 table_.sizes().d_model);
}

bool GrowthRecorder::Wants(SiteKey key) const {
  return plan_.Wants(key) || (probe_ && probe_->Wants(key));
}

void GrowthRecorder::Visit(SiteKey key, ConstMatrixView value) {
  if (probe_ && probe_->Wants(key)) probe_->Visit(key, value);
  for (const Plan::Recording& recording : plan_.RecordingsOf(key)) {
    for (const EditedRows& run : now_) {
      Tensor& tensor = recorded_[run.prompt].rows[recording.name];
      if (tensor.shape.empty()) {
        tensor.shape = recording.shape;
        tensor.shape.insert(tensor.shape.begin(), 0);
      }
      tensor.shape[0] = run.past + run.count;
      tensor.data.resize(tensor.shape[0] * recording.columns);
      for (std::size_t t = 0; t < run.count; ++t) {
        std::ranges::copy(
            value.RowSpan(run.first_row + t)
                .subspan(recording.first_column, recording.columns),
            tensor.Row(run.past + t).begin());
      }
    }
  }
}

void GrowthRecorder::VisitAttention(SiteKey key, std::size_t prompt,
                                    std::size_t head, std::size_t first_query,
                                    ConstMatrixView rows) {
  const EditedRows& run = now_[prompt];
  for (const Plan::Recording& recording : plan_.RecordingsOf(key)) {
    std::vector<float>& to =
        recorded_[run.prompt].attention.find(recording.name)->second[head];
    for (std::size_t i = 0; i < rows.rows; ++i) {
      const std::size_t t = run.past + first_query + i;
      std::copy_n(rows.Row(i), t + 1,
                  to.begin() + static_cast<std::ptrdiff_t>(TriangleSize(t)));
    }
  }
}

void GrowthRecorder::KeepVectors(std::size_t i) {
  if (!probe_) return;
  const MatrixView all = probe_->vectors();
  std::vector<float>& to = vectors_[now_[i].prompt];
  for (std::size_t c = probe_->offsets()[i]; c < probe_->offsets()[i + 1];
       ++c) {
    const std::span<const float> row = all.RowSpan(c);
    to.insert(to.end(), row.begin(), row.end());
  }
}

Trace GrowthRecorder::Take(std::size_t sequence) {
  Recorded& from = recorded_[sequence];
  Trace trace;
  trace.sites = std::move(from.rows);
  const std::size_t n = from.tokens;
  for (auto& [name, heads] : from.attention) {
    Tensor matrix({heads.size(), n, n});
    if (attention_points_.find(name)->second == Point::kScores) {
      std::ranges::fill(matrix.data, kMasked);
    }
    for (std::size_t head = 0; head < heads.size(); ++head) {
      for (std::size_t t = 0; t < n; ++t) {
        std::copy_n(
            heads[head].begin() + static_cast<std::ptrdiff_t>(TriangleSize(t)),
            t + 1,
            matrix.Row(head).begin() + static_cast<std::ptrdiff_t>(t * n));
      }
    }
    trace.sites.emplace(name, std::move(matrix));
  }
  from = {};
  return trace;
}

}  // namespace pellucid
