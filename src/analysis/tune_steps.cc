#include "analysis/tune_steps.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "analysis/distributions.h"
#include "analysis/lens_gradient.h"
#include "analysis/lens_rows.h"
#include "analysis/lens_translation.h"
#include "analysis/tune_held_out.h"
#include "analysis/window_states.h"
#include "base/random.h"
#include "kernels/math.h"

namespace pellucid {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999;  // Kingma and Ba's
constexpr double kEpsilon = 1e-8;

// Names in a checkpoint.
constexpr char kSteps[] = "steps", kBatches[] = "batches",
               kNextPlace[] = "next_place", kFinalSpread[] = "final_spread";

// The standard deviation of each feature, at least a little.
std::vector<float> Spread(ConstMatrixView rows) {
  std::vector<double> sum(rows.cols), squares(rows.cols);
  for (std::size_t r = 0; r < rows.rows; ++r) {
    for (std::size_t i = 0; i < rows.cols; ++i) {
      const auto x = static_cast<double>(rows.Row(r)[i]);
      sum[i] += x;
      squares[i] += x * x;
    }
  }
  const auto n = static_cast<double>(rows.rows);
  std::vector<float> out(rows.cols);
  double mean = 0;
  for (std::size_t i = 0; i < rows.cols; ++i) {
    const double variance =
        std::max(0.0, squares[i] / n - sum[i] / n * (sum[i] / n));
    out[i] = static_cast<float>(std::sqrt(variance));
    mean += static_cast<double>(out[i]) / static_cast<double>(rows.cols);
  }
  // A feature that hardly varies would take steps without bound.
  for (float& x : out) x = std::max(x, static_cast<float>(1e-3 * mean));
  return out;
}

// Adam's memory of one translator.
struct Memory {
  std::vector<float> spread;  // of the row's states, [d]
  std::vector<float> mean_w, square_w, mean_b, square_b;

  // Its parts under the names that a checkpoint gives them.
  template <typename Use>
  void ForEachPart(std::size_t map, const Use& use) {
    const std::string key = "adam." + std::to_string(map);
    use(key + ".spread", spread);
    use(key + ".mean_w", mean_w);
    use(key + ".square_w", square_w);
    use(key + ".mean_b", mean_b);
    use(key + ".square_b", square_b);
  }
};

class Steps {
 public:
  Steps(const Model::Impl& model, std::span<const std::vector<TokenId>> windows,
        std::span<const std::vector<TokenId>> held, const TuneOptions& options,
        TuneCheckpoint* checkpoint, TuneState* state, TrainedLens* lens)
      : model_(model),
        windows_(windows),
        held_windows_(held),
        options_(options),
        checkpoint_(*checkpoint),
        state_(*state),
        lens_(*lens) {}

  Status Run(const Progress& progress);

 private:
  Status CollectRows();
  void ChooseBatch();
  Status RunBatch();
  void Begin(std::size_t d);
  Status Restore();
  Status Save();
  Result<bool> Check();
  Status Step();
  Status StepRow(std::size_t r, const Distributions& final, float* loss);
  void Move(std::size_t r, ConstMatrixView dw, std::span<const float> db);

  const Model::Impl& model_;
  std::span<const std::vector<TokenId>> windows_;
  std::span<const std::vector<TokenId>> held_windows_;
  const TuneOptions& options_;
  TuneCheckpoint& checkpoint_;
  TuneState& state_;
  TrainedLens& lens_;
  std::optional<HeldOut> held_;
  std::vector<std::size_t> rows_;  // of the lens; the last is the final one
  std::vector<Memory> memory_;     // by translator
  std::vector<float> final_spread_;
  std::size_t step_ = 0;

  std::vector<std::size_t> order_;  // windows, shuffled anew each time round
  std::size_t next_window_ = 0;
  std::uint64_t shuffles_ = 0, batches_ = 0;
  std::vector<std::vector<TokenId>> batch_;
  WindowStates states_;
  std::vector<std::size_t> places_;  // of the batch, shuffled
  std::size_t next_place_ = 0;
  std::vector<std::size_t> chosen_;  // places of this step
};

// A permutation of n things, drawn by seed.
std::vector<std::size_t> Shuffled(std::size_t n, std::uint64_t seed,
                                  std::uint64_t which) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = n; i > 1; --i) {
    const double u = PhiloxUniform({static_cast<std::uint32_t>(i),
                                    static_cast<std::uint32_t>(which), 0, 0},
                                   seed)[0];
    const auto j = static_cast<std::size_t>(u * static_cast<double>(i));
    std::swap(order[i - 1], order[std::min(j, i - 1)]);
  }
  return order;
}

// The next windows in line.
void Steps::ChooseBatch() {
  const std::size_t most = EndOfBatch(
      windows_, 0, rows_.size(), model_.spec.d_model, options_.max_state_bytes);
  batch_.clear();
  while (batch_.size() < most && batch_.size() < windows_.size()) {
    if (next_window_ == order_.size()) {
      order_ = Shuffled(windows_.size(), options_.seed, 2 * shuffles_++);
      next_window_ = 0;
    }
    batch_.push_back(windows_[order_[next_window_++]]);
  }
  ++batches_;
}

Status Steps::RunBatch() {
  PELLUCID_ASSIGN_OR_RETURN(
      states_, WindowStates::Run(model_, batch_, rows_, options_.skip_first,
                                 options_.stop));
  places_ = Shuffled(states_.places().size(), options_.seed, 2 * shuffles_ + 1);
  next_place_ = 0;
  return {};
}

void Steps::Begin(std::size_t d) {
  final_spread_ = Spread(states_.Row(rows_.size() - 1).view());
  for (std::size_t r = 0; r + 1 < rows_.size(); ++r) {
    Memory& memory = memory_.emplace_back();
    memory.spread = Spread(states_.Row(r).view());
    memory.mean_w.resize(d * d);
    memory.square_w.resize(d * d);
    memory.mean_b.resize(d);
    memory.square_b.resize(d);
  }
}

Status Steps::CollectRows() {
  for (const LensTranslator& translator : lens_.translators) {
    PELLUCID_ASSIGN_OR_RETURN(const std::size_t row,
                              RowOfTranslator(translator, model_.table));
    rows_.push_back(row);
  }
  rows_.push_back(RowsOfStream(model_).back());
  return {};
}

// All as it was when the checkpoint was written. The batches before are chosen
// again, since each choice depends on those before it, but only the last runs.
Status Steps::Restore() {
  step_ = state_.counts.at(kSteps);
  for (std::uint64_t i = 0; i < state_.counts[kBatches]; ++i) ChooseBatch();
  if (batches_ > 0) PELLUCID_RETURN_IF_ERROR(RunBatch());
  next_place_ = state_.counts[kNextPlace];
  const std::size_t d = model_.spec.d_model;
  memory_.resize(lens_.translators.size());
  bool whole = next_place_ <= places_.size() && state_.losses.size() == step_ &&
               step_ <= options_.steps;
  const auto take = [&](const std::string& key, std::vector<float>& to,
                        std::size_t size) {
    to = std::move(state_.floats[key]);
    whole = whole && to.size() == size;
  };
  take(kFinalSpread, final_spread_, d);
  for (std::size_t r = 0; r < memory_.size(); ++r) {
    memory_[r].ForEachPart(r, [&](const std::string& key, auto& part) {
      take(key, part, key.ends_with("_w") ? d * d : d);
    });
    whole = whole && lens_.translators[r].bias.size() == d;
  }
  if (!whole) {
    return ModelError("tune: the checkpoint does not fit the fit; begin anew");
  }
  if (held_) PELLUCID_RETURN_IF_ERROR(held_->Restore(state_, lens_));
  if (!options_.report) return {};
  for (std::size_t i = 0; i < step_; ++i) {
    options_.report(i + 1, state_.losses[i]);
  }
  return {};
}

Status Steps::Save() {
  state_.counts[kSteps] = step_;
  state_.counts[kBatches] = batches_;
  state_.counts[kNextPlace] = next_place_;
  state_.floats[kFinalSpread] = final_spread_;
  for (std::size_t r = 0; r < memory_.size(); ++r) {
    memory_[r].ForEachPart(r, [&](const std::string& key, const auto& part) {
      state_.floats[key] = part;
    });
  }
  if (held_) held_->Save(&state_);
  state_.maps = lens_.translators;
  return checkpoint_.Write(state_);
}

// Whether to go on.
Result<bool> Steps::Check() {
  if (!held_ || step_ % options_.check_every != 0) return true;
  return held_->Check(step_, lens_);
}

Status Steps::Run(const Progress& progress) {
  PELLUCID_RETURN_IF_ERROR(CollectRows());
  if (options_.patience > 0) {
    PELLUCID_ASSIGN_OR_RETURN(
        held_, HeldOut::Make(model_, held_windows_, rows_, options_));
  }
  bool go_on = true;
  if (HasSteps(state_)) {
    PELLUCID_RETURN_IF_ERROR(Restore());
  } else {
    for (LensTranslator& translator : lens_.translators) {
      translator.bias.resize(model_.spec.d_model);
    }
    PELLUCID_ASSIGN_OR_RETURN(go_on, Check());
  }
  while (go_on && step_ < options_.steps) {
    if (places_.size() - next_place_ < options_.cells) {
      ChooseBatch();
      PELLUCID_RETURN_IF_ERROR(RunBatch());
      if (memory_.empty()) Begin(model_.spec.d_model);
    }
    PELLUCID_RETURN_IF_ERROR(Step());
    ++step_;
    if (progress) {
      progress(static_cast<double>(step_) /
               static_cast<double>(options_.steps));
    }
    PELLUCID_ASSIGN_OR_RETURN(go_on, Check());
    if (checkpoint_.Due() && go_on) PELLUCID_RETURN_IF_ERROR(Save());
  }
  if (held_) {
    // (The last steps may lie behind the last check.)
    if (go_on && step_ % options_.check_every != 0) {
      PELLUCID_ASSIGN_OR_RETURN(go_on, held_->Check(step_, lens_));
    }
    held_->TakeBest(&lens_);
  }
  return {};
}

Status Steps::Step() {
  const std::size_t count =
      std::min(options_.cells, places_.size() - next_place_);
  chosen_.assign(
      places_.begin() + static_cast<std::ptrdiff_t>(next_place_),
      places_.begin() + static_cast<std::ptrdiff_t>(next_place_ + count));
  next_place_ += count;
  if (chosen_.empty()) {
    state_.losses.emplace_back(lens_.translators.size());
    return {};
  }
  const Buffer final = states_.Row(rows_.size() - 1, chosen_);
  const Distributions target =
      DistributionsOf(model_, final.view(), options_.stop);
  std::vector<float> loss(lens_.translators.size());
  for (std::size_t r = 0; r < lens_.translators.size(); ++r) {
    PELLUCID_RETURN_IF_ERROR(StepRow(r, target, &loss[r]));
  }
  if (options_.report) options_.report(step_ + 1, loss);
  state_.losses.push_back(std::move(loss));
  return {};
}

Status Steps::StepRow(std::size_t r, const Distributions& final, float* loss) {
  PELLUCID_ASSIGN_OR_RETURN(
      const MapGradient gradient,
      GradientOfMap(model_, lens_.kind, lens_.translators[r],
                    states_.Row(r, chosen_).view(), final, options_.stop));
  *loss = static_cast<float>(gradient.loss);
  Move(r, gradient.weight.view(), gradient.bias);
  return {};
}

void Steps::Move(std::size_t r, ConstMatrixView dw, std::span<const float> db) {
  const std::size_t d = model_.spec.d_model;
  const auto t = static_cast<double>(step_ + 1);
  const double correct1 = 1 - kernels::Pow64(kBeta1, t);
  const double correct2 = 1 - kernels::Pow64(kBeta2, t);
  const double rate =
      options_.learning_rate *
      (1 - static_cast<double>(step_) / static_cast<double>(options_.steps));
  // One number's step in units of what it varies by; `slope` is in the same.
  const auto unit = [&](double slope, float& mean, float& square) {
    const double m = kBeta1 * static_cast<double>(mean) + (1 - kBeta1) * slope;
    const double v =
        kBeta2 * static_cast<double>(square) + (1 - kBeta2) * slope * slope;
    mean = static_cast<float>(m);
    square = static_cast<float>(v);
    return rate * (m / correct1) / (std::sqrt(v / correct2) + kEpsilon);
  };
  LensTranslator& translator = lens_.translators[r];
  Memory& memory = memory_[r];
  model_.pool.For(d, [&](std::size_t i) {
    const auto out = static_cast<double>(final_spread_[i]);
    float* weight = translator.weight.Row(i).data();
    for (std::size_t j = 0; j < d; ++j) {
      const double scale = out / static_cast<double>(memory.spread[j]);
      const double slope = static_cast<double>(dw.Row(i)[j]) * scale;
      weight[j] -=
          static_cast<float>(scale * unit(slope, memory.mean_w[i * d + j],
                                          memory.square_w[i * d + j]));
    }
    translator.bias[i] -=
        static_cast<float>(out * unit(static_cast<double>(db[i]) * out,
                                      memory.mean_b[i], memory.square_b[i]));
  });
}

}  // namespace

bool HasSteps(const TuneState& state) { return state.counts.contains(kSteps); }

Status TakeSteps(const Model::Impl& model,
                 std::span<const std::vector<TokenId>> windows,
                 std::span<const std::vector<TokenId>> held,
                 const TuneOptions& options, const Progress& progress,
                 TuneCheckpoint* checkpoint, TuneState* state,
                 TrainedLens* lens) {
  if (options.steps == 0) return {};
  if (options.cells == 0 || !(options.learning_rate > 0)) {
    return UsageError(
        "tune: steps need at least one cell and a learning rate above 0; give "
        "these, or 0 steps");
  }
  if (options.patience > 0 && (options.check_every == 0 || held.empty())) {
    return UsageError(
        "tune: a patience needs checks, and two windows at least; give more "
        "text and check every step or more, or a patience of 0");
  }
  return Steps(model, windows, held, options, checkpoint, state, lens)
      .Run(progress);
}

double CostOfSteps(const Model::Impl& model,
                   std::span<const std::vector<TokenId>> windows,
                   const TuneOptions& options) {
  if (windows.empty()) return 0;
  const ModelInfo& info = model.info;
  // A block has some 12 d^2 weights; a cell of a row costs two times the head.
  const auto d = static_cast<double>(info.d_model);
  const auto layers = static_cast<double>(info.n_layers);
  const double token = 12 * d * d * layers;
  const double cell = 2 * d * static_cast<double>(info.vocab_size) * layers;
  return static_cast<double>(options.steps * options.cells) * cell / token;
}

}  // namespace pellucid
