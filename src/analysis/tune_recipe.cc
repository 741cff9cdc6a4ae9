#include "analysis/tune_recipe.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/distributions.h"
#include "analysis/lens_gradient.h"
#include "analysis/lens_rows.h"
#include "analysis/window_states.h"

namespace pellucid {
namespace {

constexpr double kMomentum = 0.9;
constexpr double kDecay = 1e-3;
constexpr double kClip = 1;
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
        rows_(RowsOfStream(model)) {}

  Result<TrainedLens> Run();

 private:
  // Parameters of one map, or their gradients: W by rows, then b.
  using Numbers = std::vector<double>;

  std::vector<std::vector<TokenId>> NextWindows();
  Status AddGradients(const WindowStates& states, double share);
  void Move(std::size_t step);

  const Model::Impl& model_;
  std::span<const std::vector<TokenId>> windows_;
  const TuneOptions& options_;
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
      std::min(1.0, kClip / (std::sqrt(squares) + kClipEpsilon));
  const double rate =
      options_.learning_rate * (1 - kMomentum) *
      (1 - static_cast<double>(step) / static_cast<double>(options_.steps));
  model_.pool.For(gradients_.size(), [&](std::size_t r) {
    LensTranslator& map = lens_.translators[r];
    const std::size_t matrix = map.weight.data.size();
    for (std::size_t i = 0; i < gradients_[r].size(); ++i) {
      float& value = i < matrix ? map.weight.data[i] : map.bias[i - matrix];
      const double slope =
          clip * gradients_[r][i] + kDecay * static_cast<double>(value);
      double& velocity = momentum_[r][i];
      velocity = step == 0 ? slope : kMomentum * velocity + slope;
      value = static_cast<float>(static_cast<double>(value) -
                                 rate * (slope + kMomentum * velocity));
    }
  });
}

Result<TrainedLens> Recipe::Run() {
  const std::size_t d = model_.spec.d_model;
  for (std::size_t r = 0; r + 1 < rows_.size(); ++r) {
    lens_.translators.push_back({model_.table.NameOf(SiteOfRow(rows_[r])),
                                 Tensor({d, d}), std::vector<float>(d)});
  }
  momentum_.assign(lens_.translators.size(), Numbers(d * d + d));
  for (std::size_t step = 0; step < options_.steps; ++step) {
    gradients_.assign(lens_.translators.size(), Numbers(d * d + d));
    losses_.assign(lens_.translators.size(), 0);
    const auto chosen = NextWindows();
    std::size_t positions = 0;
    for (const auto& window : chosen) {
      positions += window.size() - std::min(window.size(), options_.skip_first);
    }
    for (std::size_t begin = 0; begin < chosen.size();) {
      const std::size_t end = EndOfBatch(chosen, begin, rows_.size(), d);
      PELLUCID_ASSIGN_OR_RETURN(
          const WindowStates states,
          WindowStates::Run(model_,
                            std::span(chosen).subspan(begin, end - begin),
                            rows_, options_.skip_first, options_.stop));
      PELLUCID_RETURN_IF_ERROR(
          AddGradients(states, 1 / static_cast<double>(positions)));
      begin = end;
    }
    Move(step);
    if (options_.report) options_.report(step + 1, losses_);
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
