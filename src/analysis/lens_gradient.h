// The derivative of a lens' divergence from the model by one of its maps: what
// fitting by gradient steps goes down (tune_steps.h, tune_recipe.h).
#ifndef PELLUCID_ANALYSIS_LENS_GRADIENT_H_
#define PELLUCID_ANALYSIS_LENS_GRADIENT_H_

#include <stop_token>
#include <vector>

#include "analysis/distributions.h"
#include "base/buffer.h"
#include "model/model_impl.h"
#include "pellucid/result.h"
#include "pellucid/trained_lens.h"

namespace pellucid {

struct MapGradient {
  double loss = 0;          // mean over cells of KL(final || row), nats
  Buffer weight;            // [d_model, d_model]: d loss / d W
  std::vector<float> bias;  // [d_model]
};

// Of `map`, at `states` [cells, d_model] and the model's own distributions
// there. Costs twice the logits of all cells. kCancelled.
Result<MapGradient> GradientOfMap(const Model::Impl& model, LensKind kind,
                                  const LensTranslator& map,
                                  ConstMatrixView states,
                                  const Distributions& final,
                                  const std::stop_token& stop);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_GRADIENT_H_
