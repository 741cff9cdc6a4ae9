// What the steps of a fit do to text that it does not see: a check of every map
// now and then, the best of each kept, and the word when to stop.
#ifndef PELLUCID_ANALYSIS_TUNE_HELD_OUT_H_
#define PELLUCID_ANALYSIS_TUNE_HELD_OUT_H_

#include <cstddef>
#include <span>
#include <vector>

#include "analysis/distributions.h"
#include "analysis/tune_checkpoint.h"
#include "analysis/window_states.h"
#include "model/model_impl.h"
#include "pellucid/result.h"
#include "pellucid/tune.h"

namespace pellucid {

class HeldOut {
 public:
  // How many of `windows` windows are held out: the last twentieth, at least
  // one where that leaves another.
  static std::size_t CountOf(std::size_t windows);

  // `rows` of the lens, the final one last. `options` must outlive it. kUsage:
  // no position is left in `windows`.
  static Result<HeldOut> Make(const Model::Impl& model,
                              std::span<const std::vector<TokenId>> windows,
                              const std::vector<std::size_t>& rows,
                              const TuneOptions& options);

  // Measures all maps after so many steps, and keeps what is best. Whether to
  // go on: false once TuneOptions::patience checks in a row bettered no row.
  Result<bool> Check(std::size_t step, const TrainedLens& lens);

  // The maps of the best checks.
  void TakeBest(TrainedLens* lens) const { lens->translators = best_; }

  void Save(TuneState* state) const;
  // kModel: the state is not of this fit.
  Status Restore(const TuneState& state, const TrainedLens& lens);

 private:
  HeldOut(const Model::Impl& model, const TuneOptions& options)
      : model_(&model), options_(&options) {}

  const Model::Impl* model_;
  const TuneOptions* options_;
  std::vector<Buffer> states_;  // by map: [cells, d_model]
  Distributions final_;
  std::vector<LensTranslator> best_;
  std::vector<float> best_loss_;  // by map
  std::size_t failures_ = 0;      // checks in a row that bettered none
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_TUNE_HELD_OUT_H_
