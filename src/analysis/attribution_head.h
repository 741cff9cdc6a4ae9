// The last step of a logit, taken apart: from the dots of the unembedding back
// to a direction of the final residual state.
#ifndef PELLUCID_ANALYSIS_ATTRIBUTION_HEAD_H_
#define PELLUCID_ANALYSIS_ATTRIBUTION_HEAD_H_

#include <optional>
#include <span>
#include <vector>

#include "model/forward.h"
#include "pellucid/attribution.h"

namespace pellucid {

// A logit or a difference of two, as an affine function of the final residual
// state: before a cap, <direction, residual> + biases.
struct HeadShare {
  AttributedLogit answer;
  std::optional<AttributedLogit> foil;
  double value = 0;               // before the cap
  std::vector<double> direction;  // [d_model]
  double norm_scale = 1;
  // Empty where the model has no such bias.
  std::optional<double> final_norm_bias, project_out_bias, unembed_bias;
  double rounding = 0;  // bound of what this step of the run rounded
};

// `residual` [d_model], what the final norm reads.
HeadShare TakeHeadApart(const ForwardContext& model,
                        std::span<const float> residual, TokenId answer,
                        std::optional<TokenId> foil);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_ATTRIBUTION_HEAD_H_
