#include "analysis/head_score_probe.h"

namespace pellucid {

std::array<double, 4> ScoresOfRow(const RepeatedForm& form, std::size_t query,
                                  const float* row) {
  std::array<double, 4> out{};
  if (query > 0) out[3] = row[0];
  if (query < form.lead) return out;
  const std::size_t at = query - form.lead;  // among the random tokens
  if (at > 0) out[0] = row[query - 1];
  if (at < form.block) return out;
  for (std::size_t back = form.block; back <= at; back += form.block) {
    out[1] += row[query - back];
  }
  out[2] = row[query - form.block + 1];
  return out;
}

std::array<std::size_t, 4> RowsScored(const RepeatedForm& form) {
  const std::size_t random = form.block * form.repeats;
  const std::size_t repeated = random - form.block;
  return {random - 1, repeated, repeated, form.tokens() - 1};
}

HeadScoreProbe::HeadScoreProbe(const RepeatedForm& form, std::size_t sequences,
                               std::size_t n_layers, std::size_t n_heads)
    : form_(form),
      n_heads_(n_heads),
      rows_(n_heads * sequences * form.tokens()),
      sums_(n_layers * n_heads) {}

void HeadScoreProbe::VisitAttention(SiteKey key, std::size_t prompt,
                                    std::size_t head, std::size_t first_query,
                                    ConstMatrixView rows) {
  if (key.point != Point::kPattern) return;
  Four* out = rows_.data() + (head * sequences_ + prompt) * form_.tokens() +
              first_query;
  for (std::size_t i = 0; i < rows.rows; ++i) {
    out[i] = ScoresOfRow(form_, first_query + i, rows.Row(i));
  }
}

void HeadScoreProbe::Visit(SiteKey key, ConstMatrixView) {
  const std::size_t of_head = sequences_ * form_.tokens();
  for (std::size_t head = 0; head < n_heads_; ++head) {
    Four& sum = sums_[key.layer * n_heads_ + head];
    for (std::size_t i = 0; i < of_head; ++i) {
      for (std::size_t kind = 0; kind < sum.size(); ++kind) {
        sum[kind] += rows_[head * of_head + i][kind];
      }
    }
  }
}

std::vector<HeadScore> HeadScoreProbe::Means(std::size_t sequences) const {
  const std::array<std::size_t, 4> rows = RowsScored(form_);
  std::vector<HeadScore> out;
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const auto mean = [&](std::size_t kind) {
      return sums_[i][kind] / static_cast<double>(rows[kind] * sequences);
    };
    out.push_back(
        {i / n_heads_, i % n_heads_, mean(0), mean(1), mean(2), mean(3)});
  }
  return out;
}

}  // namespace pellucid
