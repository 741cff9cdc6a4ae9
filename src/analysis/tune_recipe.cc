#include "analysis/tune_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "analysis/distributions.h"
#include "analysis/lens_gradient.h"
#include "analysis/lens_rows.h"
#include "analysis/tune_checkpoint.h"
#include "analysis/window_states.h"

namespace pellucid {
namespace {

constexpr double kDecay = 1e-3;
// What clip_grad_norm_ of torch adds to the norm that it divides by.
constexpr double kClipEpsilon = 1e-6;

class Recipe {
 public:
  Recipe(const Model::Impl& model,
         std::span<const std::vector<TokenId>> windows,
         const TuneOptions& options)
      : model_(model),
        windows_(windows),
        options_(options),
        checkpoint_(model, windows, options),
        rows_(RowsOfStream(model)) {}

  Result<TrainedLens> Run();

 private:
  // Parameters of one map, or their gradients: W by rows, then b.
  using Numbers = std::vector<double>;

  std::vector<std::vector<TokenId>> NextWindows();
  Status AddGradients(const WindowStates& states, double share);
  Status TakeStep(std::size_t step);
  void Move(std::size_t step);
  Result<std::size_t> Restore();
  Status Save(std::size_t steps);

  const Model::Impl& model_;
  std::span<const std::vector<TokenId>> windows_;
  const TuneOptions& options_;
  TuneCheckpoint checkpoint_;
  TuneState state_;
  std::vector<std::size_t> rows_;  // of the lens, the final one last
  TrainedLens lens_{.kind = LensKind::kTuned};
  std::vector<Numbers> gradients_, momentum_;  // by map
  std::vector<float> losses_;                  // by map
  std::size_t next_ = 0;
};

// Windows until a step has its tokens.
std::vector<std::vector<TokenId>> Recipe::NextWindows() {
  std::vector<std::vector<TokenId>> out;
  std::size_t tokens = 0;
  do {
    out.push_back(windows_[next_]);
    tokens += out.back().size();
    next_ = (next_ + 1) % windows_.size();
  } while (tokens < options_.tokens_per_step);
  return out;
}

// Adds what the positions of `states` give to the means of a step; `share` is
// one position's.
Status Recipe::AddGradients(const WindowStates& states, double share) {
  const std::size_t d = model_.spec.d_model;
  const std::size_t most = CellsAtOnce(model_), places = states.places().size();
  for (std::size_t begin = 0; begin < places; begin += most) {
    const std::size_t count = std::min(most, places - begin);
    const double weight = share * static_cast<double>(count);
    const Distributions final = DistributionsOf(
        model_, states.Row(rows_.size() - 1, begin, count).view(),
        options_.stop);
    for (std::size_t r = 0; r < gradients_.size(); ++r) {
      PELLUCID_ASSIGN_OR_RETURN(
          const MapGradient gradient,
          GradientOfMap(model_, lens_.kind, lens_.translators[r],
                        states.Row(r, begin, count).view(), final,
                        options_.stop));
      losses_[r] += static_cast<float>(weight * gradient.loss);
      Numbers& sum = gradients_[r];
      const float* slope = gradient.weight.view().data;
      for (std::size_t i = 0; i < d * d; ++i) {
        sum[i] += weight * static_cast<double>(slope[i]);
      }
      for (std::size_t i = 0; i < d; ++i) {
        sum[d * d + i] += weight * static_cast<double>(gradient.bias[i]);
      }
    }
  }
  return {};
}

void Recipe::Move(std::size_t step) {
  double squares = 0;
  for (const Numbers& gradient : gradients_) {
    for (const double x : gradient) squares += x * x;
  }
  const double clip =
      std::min(1.0, options_.clip / (std::sqrt(squares) + kClipEpsilon));
  const double rate =
      options_.learning_rate * (1 - options_.momentum) *
      (1 - static_cast<double>(step) / static_cast<double>(options_.steps));
  model_.pool.For(gradients_.size(), [&](std::size_t r) {
    LensTranslator& map = lens_.translators[r];
    const std::size_t matrix = map.weight.data.size();
    for (std::size_t i = 0; i < gradients_[r].size(); ++i) {
      float& value = i < matrix ? map.weight.data[i] : map.bias[i - matrix];
      const double slope =
          clip * gradients_[r][i] + kDecay * static_cast<double>(value);
      double& velocity = momentum_[r][i];
      velocity = step == 0 ? slope : options_.momentum * velocity + slope;
      value = static_cast<float>(static_cast<double>(value) -
                                 rate * (slope + options_.momentum * velocity));
    }
  });
}

// Goes on from a checkpoint, if there is one; how many steps it took.
Result<std::size_t> Recipe::Restore() {
  PELLUCID_ASSIGN_OR_RETURN(std::optional<TuneState> saved, checkpoint_.Read());
  if (!saved) return std::size_t{0};
  state_ = std::move(*saved);
  const std::size_t steps = state_.counts["steps"];
  next_ = state_.counts["next"];
  bool whole = next_ < windows_.size() && state_.losses.size() == steps &&
               state_.maps.size() == lens_.translators.size();
  for (std::size_t r = 0; whole && r < momentum_.size(); ++r) {
    LensTranslator& map = state_.maps[r];
    Numbers& numbers = state_.doubles[fmt::format("momentum.{}", r)];
    whole = map.site == lens_.translators[r].site &&
            map.weight.shape == lens_.translators[r].weight.shape &&
            map.bias.size() == lens_.translators[r].bias.size() &&
            numbers.size() == momentum_[r].size();
    momentum_[r] = std::move(numbers);
  }
  if (!whole) {
    return ModelError("tune: the checkpoint does not fit the fit; begin anew");
  }
  lens_.translators = std::move(state_.maps);
  state_.doubles.clear();
  for (std::size_t i = 0; options_.report && i < steps; ++i) {
    options_.report(i + 1, state_.losses[i]);
  }
  return steps;
}

Status Recipe::Save(std::size_t steps) {
  state_.counts = {{"steps", steps}, {"next", next_}};
  state_.maps = lens_.translators;
  for (std::size_t r = 0; r < momentum_.size(); ++r) {
    state_.doubles[fmt::format("momentum.{}", r)] = momentum_[r];
  }
  return checkpoint_.Write(state_);
}

Status Recipe::TakeStep(std::size_t step) {
  const std::size_t d = model_.spec.d_model;
  gradients_.assign(lens_.translators.size(), Numbers(d * d + d));
  losses_.assign(lens_.translators.size(), 0);
  const auto chosen = NextWindows();
  std::size_t positions = 0;
  for (const auto& window : chosen) {
    positions += window.size() - std::min(window.size(), options_.skip_first);
  }
  if (positions == 0) {
    return UsageError(
        "tune: a step has no positions; give windows of more tokens than are "
        "skipped");
  }
  for (std::size_t begin = 0; begin < chosen.size();) {
    const std::size_t end =
        EndOfBatch(chosen, begin, rows_.size(), d, options_.max_state_bytes);
    PELLUCID_ASSIGN_OR_RETURN(
        const WindowStates states,
        WindowStates::Run(model_, std::span(chosen).subspan(begin, end - begin),
                          rows_, options_.skip_first, options_.stop));
    PELLUCID_RETURN_IF_ERROR(
        AddGradients(states, 1 / static_cast<double>(positions)));
    begin = end;
  }
  Move(step);
  if (options_.report) options_.report(step + 1, losses_);
  state_.losses.push_back(losses_);
  return {};
}

Result<TrainedLens> Recipe::Run() {
  const std::size_t d = model_.spec.d_model;
  for (std::size_t r = 0; r + 1 < rows_.size(); ++r) {
    lens_.translators.push_back({model_.table.NameOf(SiteOfRow(rows_[r])),
                                 Tensor({d, d}), std::vector<float>(d)});
  }
  momentum_.assign(lens_.translators.size(), Numbers(d * d + d));
  PELLUCID_ASSIGN_OR_RETURN(std::size_t step, Restore());
  for (; step < options_.steps; ++step) {
    PELLUCID_RETURN_IF_ERROR(TakeStep(step));
    if (checkpoint_.Due()) PELLUCID_RETURN_IF_ERROR(Save(step + 1));
    if (options_.progress) {
      options_.progress(static_cast<double>(step + 1) /
                        static_cast<double>(options_.steps));
    }
  }
  return std::move(lens_);
}

}  // namespace

Result<TrainedLens> FitByRecipe(const Model::Impl& model,
                                std::span<const std::vector<TokenId>> windows,
                                const TuneOptions& options) {
  return Recipe(model, windows, options).Run();
}

}  // namespace pellucid
