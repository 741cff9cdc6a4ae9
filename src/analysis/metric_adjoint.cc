#include "analysis/metric_adjoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "analysis/distributions.h"
#include "analysis/patch_cells.h"
#include "model/head_adjoint.h"

namespace pellucid {

Result<MetricAdjoint> MetricAdjoint::Make(const Model::Impl& model,
                                          std::string_view operation,
                                          PatchMetric metric,
                                          std::vector<TokenId> answer,
                                          std::vector<TokenId> foil) {
  PELLUCID_RETURN_IF_ERROR(CheckMetric(model, operation, metric, answer, foil));
  if (metric == PatchMetric::kRank) {
    return UsageError(
        fmt::format("{}: metric rank: has no derivative; use logit-diff, "
                    "logprob, prob or kl",
                    operation));
  }
  MetricAdjoint adjoint(model, metric);
  if (answer.empty()) answer = {0};  // KL looks at none
  if (answer.size() == 1 && foil.size() <= 1) {
    std::optional<TokenId> other;
    if (!foil.empty()) other = foil.front();
    adjoint.Add(std::move(answer), other, 1);
  } else {
    adjoint.Add(std::move(answer), {}, 1);
    if (!foil.empty()) adjoint.Add(std::move(foil), {}, -1);
  }
  return adjoint;
}

void MetricAdjoint::Add(std::vector<TokenId> tokens,
                        std::optional<TokenId> foil, float sign) {
  MetricReader reader(model_, metric_, tokens, foil);
  sequences_.push_back({std::move(tokens), foil, sign, std::move(reader)});
}

std::vector<std::vector<TokenId>> MetricAdjoint::Prompts(
    std::span<const TokenId> ids) const {
  std::vector<std::vector<TokenId>> prompts;
  for (const Sequence& sequence : sequences_) {
    std::vector<TokenId>& prompt = prompts.emplace_back(ids.begin(), ids.end());
    prompt.insert(prompt.end(), sequence.tokens.begin(),
                  sequence.tokens.end() - 1);
  }
  return prompts;
}

Result<double> MetricAdjoint::Read(const RecordedRun& run, std::size_t first,
                                   std::size_t tokens,
                                   const std::stop_token& stop) const {
  double metric = 0;
  for (const Sequence& sequence : sequences_) {
    const std::size_t row = run.prompts().offsets[first++] + tokens - 1;
    PELLUCID_ASSIGN_OR_RETURN(
        const std::vector<double> value,
        sequence.reader.Read(run.residual().Rows(row, sequence.tokens.size()),
                             stop));
    metric += static_cast<double>(sequence.sign) * value.front();
  }
  return metric;
}

Result<double> MetricAdjoint::Pull(const RecordedRun& run, std::size_t first,
                                   std::size_t tokens, float weight,
                                   MatrixView cotangent,
                                   const std::stop_token& stop,
                                   const Visit& visit) const {
  PELLUCID_ASSIGN_OR_RETURN(const double metric,
                            Read(run, first, tokens, stop));
  for (const Sequence& sequence : sequences_) {
    const std::size_t row = run.prompts().offsets[first++] + tokens - 1;
    const std::size_t count = sequence.tokens.size();
    PELLUCID_RETURN_IF_ERROR(
        PullSequence(sequence, metric, run.residual().Rows(row, count),
                     weight * sequence.sign, cotangent.Rows(row, count), stop,
                     [&](Point point, ConstMatrixView rows) {
                       if (visit) visit(point, row, rows);
                     }));
  }
  return metric;
}

Status MetricAdjoint::PullSequence(
    const Sequence& sequence, double value, ConstMatrixView residual,
    float weight, MatrixView out, const std::stop_token& stop,
    const std::function<void(Point, ConstMatrixView)>& visit) const {
  Distributions made = DistributionsOf(model_, residual, stop);
  if (stop.stop_requested()) return CancelledError("gradient: stopped");
  const MatrixView slope = made.probs.view();
  if (metric_ == PatchMetric::kProb) weight *= static_cast<float>(value);
  if (metric_ == PatchMetric::kKl) {
    const Distributions other =
        DistributionsOf(model_, sequence.reader.reference(), stop);
    if (stop.stop_requested()) return CancelledError("gradient: stopped");
    const float* p = other.probs.view().Row(0);
    for (float& x : slope.RowSpan(0)) x = weight * (x - *p++);
  } else if (sequence.foil) {
    std::ranges::fill(slope.RowSpan(0), 0.0f);
    slope.Row(0)[sequence.tokens.front()] += weight;
    slope.Row(0)[*sequence.foil] -= weight;
  } else {
    for (std::size_t j = 0; j < slope.rows; ++j) {
      for (float& x : slope.RowSpan(j)) x *= -weight;
      slope.Row(j)[sequence.tokens[j]] += weight;
    }
  }
  HeadAdjoint(model_, residual, made.logits.view(), slope, out, stop, visit);
  if (stop.stop_requested()) return CancelledError("gradient: stopped");
  return {};
}

}  // namespace pellucid
