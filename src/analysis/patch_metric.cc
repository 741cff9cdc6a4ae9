#include "analysis/patch_metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/lens_pass.h"
#include "kernels/linear.h"

namespace pellucid {
namespace {

// Logits of one token: the dots that the head makes, of one row of it.
void LogitsOfToken(const Model::Impl& model, ConstMatrixView unembedded,
                   TokenId token, MatrixView logits) {
  const auto row = static_cast<std::size_t>(token);
  kernels::Linear(model.pool, unembedded, model.head.unembed().Rows(row, 1), {},
                  logits);
  model.head.Finish(row, logits);
}

}  // namespace

void MetricReader::SetReference(ConstMatrixView residual) {
  reference_ = Buffer(residual.rows, residual.cols);
  for (std::size_t r = 0; r < residual.rows; ++r) {
    std::ranges::copy(residual.RowSpan(r), reference_.view().Row(r));
  }
}

Result<std::vector<double>> MetricReader::Read(
    ConstMatrixView residual, const std::stop_token& stop) const {
  auto values = metric_ == PatchMetric::kLogitDiff && foil_
                    ? LogitDiffs(residual)
                    : Statistics(residual, stop);
  if (!values.ok()) return values;
  if (!std::ranges::all_of(*values,
                           [](double v) { return std::isfinite(v); })) {
    return ModelError(
        "patch: logits: a non-finite number; the weights are damaged, or what "
        "was patched overflows float32");
  }
  return values;
}

Buffer MetricReader::Unembedded(ConstMatrixView residual) const {
  Buffer normed(residual.rows, residual.cols);
  model_.head.Normalise(model_.pool, residual, normed.view());
  if (model_.weights.project_out.empty()) return normed;
  Buffer embedded(residual.rows, model_.spec.EmbedWidth());
  model_.head.ToEmbedding(model_.pool, normed.view(), embedded.view());
  return embedded;
}

Result<std::vector<double>> MetricReader::LogitDiffs(
    ConstMatrixView residual) const {
  const Buffer unembedded = Unembedded(residual);
  Buffer answer(residual.rows, 1), foil(residual.rows, 1);
  LogitsOfToken(model_, unembedded.view(), answer_.front(), answer.view());
  LogitsOfToken(model_, unembedded.view(), *foil_, foil.view());
  std::vector<double> values(residual.rows);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<double>(answer.view().Row(i)[0]) -
                static_cast<double>(foil.view().Row(i)[0]);
  }
  return values;
}

// The lens' own pass over the vocabulary: the runs of a readout are its rows,
// the reference the final one.
Result<std::vector<double>> MetricReader::Statistics(
    ConstMatrixView residual, const std::stop_token& stop) const {
  const std::size_t readouts = answer_.size();
  const std::size_t runs = residual.rows / readouts;
  Buffer rows(readouts * (runs + 1), residual.cols);
  LensCells cells;
  cells.offsets = {0};
  std::size_t at = 0;
  for (std::size_t j = 0; j < readouts; ++j) {
    for (std::size_t i = 0; i < runs; ++i) {
      std::ranges::copy(residual.RowSpan(i * readouts + j),
                        rows.view().Row(at++));
    }
    const ConstMatrixView given = reference();
    const ConstMatrixView reference =
        given.rows > 0 ? given : residual.Rows(0, readouts);
    std::ranges::copy(reference.RowSpan(j), rows.view().Row(at++));
    cells.offsets.push_back(at);
    cells.watched.push_back({answer_[j]});
  }
  const Buffer unembedded = Unembedded(rows.view());
  cells.normed = unembedded.view();
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<DecodedCell> decoded,
      RunLensPass(model_.pool, model_.head, cells, {.top_k = 1}, stop, {}));
  std::vector<double> values(runs);
  for (std::size_t i = 0; i < runs; ++i) {
    double logprob = 0;
    for (std::size_t j = 0; j < readouts; ++j) {
      const DecodedCell& cell = decoded[cells.offsets[j] + i];
      logprob += cell.watched_logits[0] - cell.statistics.logz;
    }
    const DecodedCell& first = decoded[i];
    switch (metric_) {
      case PatchMetric::kLogitDiff:
      case PatchMetric::kLogProb:
        values[i] = logprob;
        break;
      case PatchMetric::kProb:
        values[i] = std::exp(logprob);
        break;
      case PatchMetric::kKl:
        values[i] = first.statistics.kl_to_final;
        break;
      case PatchMetric::kRank:
        values[i] = static_cast<double>(first.ranks[0]);
        break;
    }
  }
  return values;
}

}  // namespace pellucid
