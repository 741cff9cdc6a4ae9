// The derivative of a metric of patching by the final residual stream: where a
// backward pass begins.
//
// A metric reads the last position of a prompt, or, of an answer of several
// tokens, as many positions of the prompt with the answer behind it; the
// difference of two such answers reads two runs. With z the logits of a
// readout and p their softmax, d metric / d z is
//
//   logit-diff   e[answer] - e[foil]
//   logprob      e[answer] - p
//   prob         metric (e[answer] - p)
//   kl           p - p of the run that is compared with
#ifndef PELLUCID_ANALYSIS_METRIC_ADJOINT_H_
#define PELLUCID_ANALYSIS_METRIC_ADJOINT_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "analysis/patch_metric.h"
#include "base/buffer.h"
#include "base/matrix.h"
#include "model/model_impl.h"
#include "model/recorded_run.h"
#include "pellucid/patch.h"
#include "pellucid/result.h"
#include "trace/site.h"

namespace pellucid {

class MetricAdjoint {
 public:
  // kUsage, naming `operation`: what CheckMetric refuses, and a rank, which has
  // no derivative.
  static Result<MetricAdjoint> Make(const Model::Impl& model,
                                    std::string_view operation,
                                    PatchMetric metric,
                                    std::vector<TokenId> answer,
                                    std::vector<TokenId> foil);

  // The prompts whose runs the metric of `ids` reads, one or two: with what is
  // said before the last token of the answer, and of the foil.
  std::vector<std::vector<TokenId>> Prompts(std::span<const TokenId> ids) const;
  std::size_t runs() const { return sequences_.size(); }

  // The final residual row of the run that kKl compares with; no other metric
  // looks at it.
  void SetReference(ConstMatrixView residual) {
    if (metric_ != PatchMetric::kKl) return;
    for (Sequence& sequence : sequences_) {
      sequence.reader.SetReference(residual);
    }
    has_reference_ = true;
  }
  bool NeedsReference() const {
    return metric_ == PatchMetric::kKl && !has_reference_;
  }

  // Sees the cotangent at a point of the head: rows [readouts, features] of
  // packed rows `first` and on.
  using Visit =
      std::function<void(Point point, std::size_t first, ConstMatrixView rows)>;

  // The metric of prompts first .. first + runs() of a recorded run, made by
  // Prompts from `tokens` tokens; and times `weight`, its derivative, written
  // to the readouts' rows of `cotangent` [tokens of the run, d_model]. kModel:
  // it is no number. kCancelled.
  Result<double> Pull(const RecordedRun& run, std::size_t first,
                      std::size_t tokens, float weight, MatrixView cotangent,
                      const std::stop_token& stop,
                      const Visit& visit = {}) const;
  // The metric alone.
  Result<double> Read(const RecordedRun& run, std::size_t first,
                      std::size_t tokens, const std::stop_token& stop) const;

 private:
  struct Sequence {
    std::vector<TokenId> tokens;  // that are read, one after another
    std::optional<TokenId> foil;
    float sign;
    MetricReader reader;
  };

  MetricAdjoint(const Model::Impl& model, PatchMetric metric)
      : model_(model), metric_(metric) {}
  void Add(std::vector<TokenId> tokens, std::optional<TokenId> foil,
           float sign);
  // Derivatives of one sequence by its logits.
  Status PullSequence(
      const Sequence& sequence, double value, ConstMatrixView residual,
      float weight, MatrixView out, const std::stop_token& stop,
      const std::function<void(Point, ConstMatrixView)>& visit) const;

  const Model::Impl& model_;
  PatchMetric metric_;
  std::vector<Sequence> sequences_;
  bool has_reference_ = false;
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_METRIC_ADJOINT_H_
