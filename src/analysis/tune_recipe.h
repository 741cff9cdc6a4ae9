// The tuned lens exactly as its paper fits it (Belrose et al. 2023, and their
// package's training loop): stochastic gradient descent from W = 0, b = 0, on
// the mean KL(final || row) over all positions of a step's windows, with
// Nesterov momentum, weight decay towards the identity, one clip of the
// gradient of all maps together, and a rate that falls linearly to 0.
#ifndef PELLUCID_ANALYSIS_TUNE_RECIPE_H_
#define PELLUCID_ANALYSIS_TUNE_RECIPE_H_

#include <span>
#include <vector>

#include "model/model_impl.h"
#include "pellucid/result.h"
#include "pellucid/trace.h"
#include "pellucid/tune.h"

namespace pellucid {

// TuneOptions::steps of it, windows in their order and then again from the
// first. Errors: FitTunedLens.
Result<TrainedLens> FitByRecipe(const Model::Impl& model,
                                std::span<const std::vector<TokenId>> windows,
                                const TuneOptions& options);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_TUNE_RECIPE_H_
