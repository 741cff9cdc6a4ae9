// What is read at the end of each run of a sweep, by the head and the pass over
// the vocabulary that a lens uses: the same numbers.
#ifndef PELLUCID_ANALYSIS_PATCH_METRIC_H_
#define PELLUCID_ANALYSIS_PATCH_METRIC_H_

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/buffer.h"
#include "base/matrix.h"
#include "model/model_impl.h"
#include "pellucid/patch.h"
#include "pellucid/result.h"

namespace pellucid {

class MetricReader {
 public:
  // `answer` [readouts]: the token that each readout is asked for. `foil`: with
  // kLogitDiff, the token that its logit is compared with; without, the sum of
  // log-probabilities of `answer` is read instead.
  MetricReader(const Model::Impl& model, PatchMetric metric,
               std::vector<TokenId> answer, std::optional<TokenId> foil)
      : model_(model),
        metric_(metric),
        answer_(std::move(answer)),
        foil_(foil) {}

  std::size_t readouts() const { return answer_.size(); }

  // The run that kKl compares with: its final residual rows [readouts,
  // d_model]. Without one, that is the first that is read.
  void SetReference(ConstMatrixView residual);
  ConstMatrixView reference() const { return reference_.view(); }

  // The metric of each of n runs from their final residual rows [n * readouts,
  // d_model]. Costs a dot a run where logits are compared, else the head.
  // kModel: it is no number. kCancelled.
  Result<std::vector<double>> Read(ConstMatrixView residual,
                                   const std::stop_token& stop) const;

 private:
  Result<std::vector<double>> LogitDiffs(ConstMatrixView residual) const;
  Result<std::vector<double>> Statistics(ConstMatrixView residual,
                                         const std::stop_token& stop) const;
  // What the unembedding multiplies.
  Buffer Unembedded(ConstMatrixView residual) const;

  const Model::Impl& model_;
  PatchMetric metric_;
  std::vector<TokenId> answer_;
  std::optional<TokenId> foil_;
  Buffer reference_;  // [readouts, d_model]
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_PATCH_METRIC_H_
