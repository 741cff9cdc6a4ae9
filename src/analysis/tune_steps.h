// Gradient steps that bring a lens' predictions closer to the model's: on
// KL(final || row), with Adam (pellucid/tune.h).
//
// A step on W is measured in what it does: feature j of a row's states varies
// by s_j, feature i of the final states by t_i, and W[i, j] moves by the
// learning rate times t_i / s_j times Adam's unit step. (States of language
// models have features a thousand times larger than others.)
#ifndef PELLUCID_ANALYSIS_TUNE_STEPS_H_
#define PELLUCID_ANALYSIS_TUNE_STEPS_H_

#include <span>
#include <vector>

#include "analysis/tune_checkpoint.h"
#include "model/model_impl.h"
#include "pellucid/result.h"
#include "pellucid/trace.h"
#include "pellucid/tune.h"

namespace pellucid {

// TuneOptions::steps of them on all translators of `lens`, in place, with
// checks on the windows `held` where there is a patience. `state` goes into
// every checkpoint; where it is one of steps taken before, they go on.
Status TakeSteps(const Model::Impl& model,
                 std::span<const std::vector<TokenId>> windows,
                 std::span<const std::vector<TokenId>> held,
                 const TuneOptions& options, const Progress& progress,
                 TuneCheckpoint* checkpoint, TuneState* state,
                 TrainedLens* lens);

// Whether `state` was written between steps.
bool HasSteps(const TuneState& state);

// What that costs, in tokens of a forward pass, roughly.
double CostOfSteps(const Model::Impl& model,
                   std::span<const std::vector<TokenId>> windows,
                   const TuneOptions& options);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_TUNE_STEPS_H_
