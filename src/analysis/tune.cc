// Fitting a tuned lens (pellucid/tune.h): least squares onto the final state,
// then steps on the divergence (tune_steps.h).
#include "pellucid/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "analysis/lens_progress.h"
#include "analysis/lens_rows.h"
#include "analysis/lens_translation.h"
#include "analysis/ridge.h"
#include "analysis/tune_checkpoint.h"
#include "analysis/tune_held_out.h"
#include "analysis/tune_recipe.h"
#include "analysis/tune_steps.h"
#include "analysis/window_states.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "kernels/elementwise.h"
#include "model/model_impl.h"

namespace pellucid {
namespace {

// Names in a checkpoint.
constexpr char kWindows[] = "windows", kPositions[] = "positions";

// The sums of a row under the names that a checkpoint gives them.
template <typename Sums, typename Use>
void ForEachSum(std::size_t row, Sums& sums, const Use& use, std::size_t d) {
  const std::string key = fmt::format("moments.{}.", row);
  use(key + "mean_x", sums.mean_x, d);
  use(key + "mean_y", sums.mean_y, d);
  use(key + "xx", sums.xx, d * d);
  use(key + "yx", sums.yx, d * d);
}

class Fit {
 public:
  Fit(const Model::Impl& model, std::span<const std::vector<TokenId>> windows,
      const TuneOptions& options)
      : model_(model),
        all_windows_(windows),
        windows_(windows),
        options_(options),
        checkpoint_(model, windows, options),
        stream_(RowsOfStream(model)) {
    if (options.patience > 0 && options.method == TuneMethod::kClosedForm) {
      windows_ =
          windows.first(windows.size() - HeldOut::CountOf(windows.size()));
    }
    for (const auto& window : windows_) tokens_ += window.size();
  }

  Result<TrainedLens> Run();

 private:
  Status CheckOptions() const;
  std::size_t RowsAtOnce() const;
  Status LeastSquares(StagedProgress* progress, TrainedLens* lens);
  Status FitRows(std::size_t begin, std::size_t end, const Progress& progress,
                 TrainedLens* lens);
  Result<std::size_t> RestoreMoments(std::vector<PairMoments>* moments);
  Status SaveMoments(std::size_t windows,
                     const std::vector<PairMoments>& moments,
                     const TrainedLens& lens);
  void Describe(TrainedLens* lens) const;

  const Model::Impl& model_;
  std::span<const std::vector<TokenId>> all_windows_;
  std::span<const std::vector<TokenId>> windows_;  // less those held out
  const TuneOptions& options_;
  TuneCheckpoint checkpoint_;
  TuneState state_;                  // of a checkpoint: read, and to be written
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
  if (!(options_.momentum >= 0 && options_.momentum < 1) ||
      !(options_.clip > 0)) {
    return UsageError(fmt::format(
        "tune: momentum {}, clip {}: choose a momentum of 0 to 1, less than 1, "
        "and a clip above 0",
        options_.momentum, options_.clip));
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
  const std::size_t passes = (rows + RowsAtOnce() - 1) / RowsAtOnce();
  // Steps decode cells where a pass decodes none; roughly, in tokens run.
  const double steps = CostOfSteps(model_, windows_, options_);
  StagedProgress progress(
      options_.progress,
      static_cast<double>(passes) * static_cast<double>(tokens_) + steps);
  TrainedLens lens{.kind = LensKind::kTuned};
  PELLUCID_ASSIGN_OR_RETURN(std::optional<TuneState> saved, checkpoint_.Read());
  if (saved) {
    state_ = std::move(*saved);
    lens.translators = std::move(state_.maps);
  }
  if (!lens.translators.empty()) {
    PELLUCID_RETURN_IF_ERROR(
        CheckTrainedLens(lens, model_.table, options_.checkpoint));
  }
  PELLUCID_RETURN_IF_ERROR(LeastSquares(&progress, &lens));
  PELLUCID_RETURN_IF_ERROR(
      TakeSteps(model_, windows_, all_windows_.subspan(windows_.size()),
                options_, progress.Next(steps), &checkpoint_, &state_, &lens));
  Describe(&lens);
  return lens;
}

// The rows that no checkpoint holds, some at once.
Status Fit::LeastSquares(StagedProgress* progress, TrainedLens* lens) {
  const std::size_t rows = stream_.size() - 1;
  for (std::size_t begin = 0; begin < rows; begin += RowsAtOnce()) {
    const Progress pass = progress->Next(static_cast<double>(tokens_));
    const std::size_t end = std::min(rows, begin + RowsAtOnce());
    if (lens->translators.size() >= end) continue;
    PELLUCID_RETURN_IF_ERROR(FitRows(begin, end, pass, lens));
    if (!checkpoint_.Due(/*milestone=*/true)) continue;
    state_.maps = lens->translators;
    PELLUCID_RETURN_IF_ERROR(checkpoint_.Write(state_));
  }
  if (lens->translators.size() != rows) {
    return ModelError(
        "tune: the checkpoint has maps of other rows; begin anew");
  }
  positions_ = state_.counts[kPositions];
  return {};
}

// What was added up when a pass was interrupted; the window to go on with.
Result<std::size_t> Fit::RestoreMoments(std::vector<PairMoments>* moments) {
  const auto found = state_.counts.find(kWindows);
  if (found == state_.counts.end()) return std::size_t{0};
  const std::size_t d = model_.spec.d_model;
  for (std::size_t r = 0; r < moments->size(); ++r) {
    PairMoments::Sums sums;
    sums.count = state_.counts[kPositions];
    bool whole = found->second <= windows_.size();
    ForEachSum(
        r, sums,
        [&](const std::string& key, std::vector<double>& sum,
            std::size_t size) {
          sum = std::move(state_.doubles[key]);
          whole = whole && sum.size() == size;
        },
        d);
    if (!whole) {
      return ModelError("tune: the checkpoint lacks moments; begin anew");
    }
    (*moments)[r] = PairMoments(d, std::move(sums));
  }
  const std::size_t windows = found->second;
  state_.doubles.clear();
  state_.counts.erase(kWindows);
  return windows;
}

Status Fit::SaveMoments(std::size_t windows,
                        const std::vector<PairMoments>& moments,
                        const TrainedLens& lens) {
  TuneState state = state_;
  state.maps = lens.translators;
  state.counts[kWindows] = windows;
  state.counts[kPositions] = moments.front().count();
  for (std::size_t r = 0; r < moments.size(); ++r) {
    ForEachSum(
        r, moments[r].sums(),
        [&](const std::string& key, const std::vector<double>& sum,
            std::size_t) { state.doubles[key] = sum; },
        model_.spec.d_model);
  }
  return checkpoint_.Write(state);
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
  PELLUCID_ASSIGN_OR_RETURN(std::size_t first, RestoreMoments(&moments));
  batches.Next(static_cast<double>(first));
  while (first < windows_.size()) {
    const std::size_t last =
        EndOfBatch(windows_, first, rows.size(), d, options_.max_state_bytes);
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
    if (checkpoint_.Due() && first < windows_.size()) {
      PELLUCID_RETURN_IF_ERROR(SaveMoments(first, moments, *lens));
    }
  }
  for (std::size_t r = 0; r < moments.size(); ++r) {
    if (options_.stop.stop_requested()) return CancelledError("tune: stopped");
    PELLUCID_ASSIGN_OR_RETURN(AffineMap map,
                              moments[r].Solve(model_.pool, options_.ridge));
    lens->translators.push_back({model_.table.NameOf(SiteOfRow(rows[r])),
                                 std::move(map.weight), std::move(map.bias)});
  }
  state_.counts[kPositions] = moments.front().count();
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
    add("fit.momentum", fmt::format("{}", options_.momentum));
    add("fit.clip", fmt::format("{}", options_.clip));
  } else {
    add("fit.positions", fmt::format("{}", positions_));
    add("fit.ridge", fmt::format("{}", options_.ridge));
    add("fit.cells", fmt::format("{}", options_.cells));
    add("fit.seed", fmt::format("{}", options_.seed));
  }
  add("fit.skip_first", fmt::format("{}", options_.skip_first));
  add("fit.steps", fmt::format("{}", options_.steps));
  if (!recipe && options_.patience > 0) {
    add("fit.patience", fmt::format("{}", options_.patience));
    add("fit.steps_taken", fmt::format("{}", state_.losses.size()));
  }
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
