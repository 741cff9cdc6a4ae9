// Fitting a tuned lens (pellucid/tune.h): least squares onto the final state,
// then steps on the divergence (tune_steps.h).
#include "pellucid/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "analysis/lens_progress.h"
#include "analysis/lens_rows.h"
#include "analysis/ridge.h"
#include "analysis/tune_recipe.h"
#include "analysis/tune_steps.h"
#include "analysis/window_states.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "kernels/elementwise.h"
#include "model/model_impl.h"

namespace pellucid {
namespace {

class Fit {
 public:
  Fit(const Model::Impl& model, std::span<const std::vector<TokenId>> windows,
      const TuneOptions& options)
      : model_(model),
        windows_(windows),
        options_(options),
        stream_(RowsOfStream(model)) {
    for (const auto& window : windows) tokens_ += window.size();
  }

  Result<TrainedLens> Run();

 private:
  Status CheckOptions() const;
  std::size_t RowsAtOnce() const;
  Status FitRows(std::size_t begin, std::size_t end, const Progress& progress,
                 TrainedLens* lens);
  void Describe(TrainedLens* lens) const;

  const Model::Impl& model_;
  std::span<const std::vector<TokenId>> windows_;
  const TuneOptions& options_;
  std::vector<std::size_t> stream_;  // rows of the lens, the final one last
  std::size_t tokens_ = 0, positions_ = 0;
};

Status Fit::CheckOptions() const {
  if (windows_.empty()) {
    return UsageError("tune: there are no windows; give some text");
  }
  if (model_.spec.n_layers < 1 || !(options_.ridge >= 0)) {
    return UsageError(fmt::format(
        "tune: ridge {}: is below 0; choose 0 or more", options_.ridge));
  }
  return model_.CheckPrompts(windows_);
}

std::size_t Fit::RowsAtOnce() const {
  return std::max<std::size_t>(
      1,
      options_.max_moment_bytes / PairMoments::BytesFor(model_.spec.d_model));
}

Result<TrainedLens> Fit::Run() {
  PELLUCID_RETURN_IF_ERROR(CheckOptions());
  if (options_.method == TuneMethod::kRecipe) {
    PELLUCID_ASSIGN_OR_RETURN(TrainedLens lens,
                              FitByRecipe(model_, windows_, options_));
    Describe(&lens);
    return lens;
  }
  const std::size_t rows = stream_.size() - 1;
  const std::size_t at_once = std::min(rows, RowsAtOnce());
  const std::size_t passes = (rows + at_once - 1) / at_once;
  // Steps decode cells where a pass decodes none; roughly, in tokens run.
  const double steps = CostOfSteps(model_, windows_, options_);
  StagedProgress progress(
      options_.progress,
      static_cast<double>(passes) * static_cast<double>(tokens_) + steps);
  TrainedLens lens{.kind = LensKind::kTuned};
  for (std::size_t begin = 0; begin < rows; begin += at_once) {
    PELLUCID_RETURN_IF_ERROR(
        FitRows(begin, std::min(rows, begin + at_once),
                progress.Next(static_cast<double>(tokens_)), &lens));
  }
  PELLUCID_RETURN_IF_ERROR(
      TakeSteps(model_, windows_, options_, progress.Next(steps), &lens));
  Describe(&lens);
  return lens;
}

// Rows [begin, end) of the stream, in one pass over the windows.
Status Fit::FitRows(std::size_t begin, std::size_t end,
                    const Progress& progress, TrainedLens* lens) {
  const std::size_t d = model_.spec.d_model;
  std::vector<std::size_t> rows(
      stream_.begin() + static_cast<std::ptrdiff_t>(begin),
      stream_.begin() + static_cast<std::ptrdiff_t>(end));
  rows.push_back(stream_.back());
  std::vector<PairMoments> moments;
  for (std::size_t r = begin; r < end; ++r) moments.emplace_back(d);
  StagedProgress batches(progress, static_cast<double>(windows_.size()));
  for (std::size_t first = 0; first < windows_.size();) {
    const std::size_t last = EndOfBatch(windows_, first, rows.size(), d);
    const Progress batch = batches.Next(static_cast<double>(last - first));
    PELLUCID_ASSIGN_OR_RETURN(
        const WindowStates states,
        WindowStates::Run(model_, windows_.subspan(first, last - first), rows,
                          options_.skip_first, options_.stop));
    first = last;
    if (states.places().empty()) continue;
    const Buffer final = states.Row(rows.size() - 1);
    for (std::size_t r = 0; r < moments.size(); ++r) {
      if (options_.stop.stop_requested())
        return CancelledError("tune: stopped");
      const Buffer x = states.Row(r);
      Buffer y = states.Row(rows.size() - 1);
      for (std::size_t i = 0; i < y.view().rows; ++i) {
        for (std::size_t k = 0; k < d; ++k) {
          y.view().Row(i)[k] = final.view().Row(i)[k] - x.view().Row(i)[k];
        }
      }
      moments[r].Add(model_.pool, x.view(), y.view());
    }
    if (batch) batch(1);
  }
  for (std::size_t r = 0; r < moments.size(); ++r) {
    if (options_.stop.stop_requested()) return CancelledError("tune: stopped");
    PELLUCID_ASSIGN_OR_RETURN(AffineMap map,
                              moments[r].Solve(model_.pool, options_.ridge));
    lens->translators.push_back({model_.table.NameOf(SiteOfRow(rows[r])),
                                 std::move(map.weight), std::move(map.bias)});
  }
  positions_ = moments.front().count();
  return {};
}

void Fit::Describe(TrainedLens* lens) const {
  const auto add = [&](std::string key, std::string text) {
    lens->record.emplace_back(std::move(key), std::move(text));
  };
  const bool recipe = options_.method == TuneMethod::kRecipe;
  add("fit.method", recipe ? "recipe" : "closed form");
  add("fit.windows", fmt::format("{}", windows_.size()));
  add("fit.tokens", fmt::format("{}", tokens_));
  if (recipe) {
    add("fit.tokens_per_step", fmt::format("{}", options_.tokens_per_step));
  } else {
    add("fit.positions", fmt::format("{}", positions_));
    add("fit.ridge", fmt::format("{}", options_.ridge));
    add("fit.cells", fmt::format("{}", options_.cells));
    add("fit.seed", fmt::format("{}", options_.seed));
  }
  add("fit.skip_first", fmt::format("{}", options_.skip_first));
  add("fit.steps", fmt::format("{}", options_.steps));
  add("fit.learning_rate", fmt::format("{}", options_.learning_rate));
}

}  // namespace

Result<TrainedLens> FitTunedLens(const Model& model,
                                 std::span<const std::vector<TokenId>> windows,
                                 const TuneOptions& options) {
  return CatchOutOfMemory("tune", [&] {
    const FloatEnvironment environment;
    return Fit(model.impl(), windows, options).Run();
  });
}

}  // namespace pellucid
