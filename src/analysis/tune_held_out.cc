#include "analysis/tune_held_out.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "analysis/lens_translation.h"

namespace pellucid {
namespace {

constexpr std::size_t kCells = 256;
constexpr std::size_t kShare = 20;

// `count` of `n` things, evenly; all, where there are fewer.
std::vector<std::size_t> Spread(std::size_t n, std::size_t count) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < std::min(n, count); ++i) {
    out.push_back(i * n / std::min(n, count));
  }
  return out;
}

}  // namespace

std::size_t HeldOut::CountOf(std::size_t windows) {
  return windows < 2 ? 0 : std::max<std::size_t>(1, windows / kShare);
}

Result<HeldOut> HeldOut::Make(const Model::Impl& model,
                              std::span<const std::vector<TokenId>> windows,
                              const std::vector<std::size_t>& rows,
                              const TuneOptions& options) {
  std::size_t positions = 0;
  for (const auto& window : windows) {
    positions += window.size() - std::min(window.size(), options.skip_first);
  }
  if (positions == 0) {
    return UsageError(
        "tune: patience: no position is left to check on; give more text, or a "
        "patience of 0");
  }
  // Windows evenly, a few more than the positions take, as one batch holds.
  const std::size_t count = 1 + (kCells * windows.size()) / positions;
  std::vector<std::vector<TokenId>> chosen;
  for (const std::size_t w : Spread(windows.size(), count)) {
    chosen.push_back(windows[w]);
  }
  chosen.resize(EndOfBatch(chosen, 0, rows.size(), model.spec.d_model));
  PELLUCID_ASSIGN_OR_RETURN(
      const WindowStates states,
      WindowStates::Run(model, chosen, rows, options.skip_first, options.stop));
  const std::vector<std::size_t> places =
      Spread(states.places().size(), kCells);
  HeldOut out(model, options);
  for (std::size_t r = 0; r + 1 < rows.size(); ++r) {
    out.states_.push_back(states.Row(r, places));
  }
  out.final_ = DistributionsOf(
      model, states.Row(rows.size() - 1, places).view(), options.stop);
  out.best_loss_.assign(out.states_.size(),
                        std::numeric_limits<float>::infinity());
  return out;
}

Result<bool> HeldOut::Check(std::size_t step, const TrainedLens& lens) {
  if (best_.empty()) best_ = lens.translators;
  std::vector<float> loss(states_.size());
  bool better = false;
  for (std::size_t r = 0; r < states_.size(); ++r) {
    if (options_->stop.stop_requested()) {
      return CancelledError("tune: stopped");
    }
    Buffer rows(states_[r].view().rows, states_[r].view().cols);
    std::ranges::copy(
        std::span(states_[r].view().data, rows.view().rows * rows.view().cols),
        rows.view().data);
    Translate(model_->pool, lens.kind, lens.translators[r], rows.view());
    const Distributions cells =
        DistributionsOf(*model_, rows.view(), options_->stop);
    std::vector<double> kl(cells.cells());
    model_->pool.For(kl.size(), [&](std::size_t i) {
      kl[i] = Divergence(final_, cells, i);
    });
    double sum = 0;
    for (const double x : kl) sum += x;
    loss[r] = static_cast<float>(sum / static_cast<double>(kl.size()));
    if (!(loss[r] < best_loss_[r])) continue;
    best_loss_[r] = loss[r];
    best_[r] = lens.translators[r];
    better = true;
  }
  failures_ = better ? 0 : failures_ + 1;
  if (options_->checked) options_->checked(step, loss);
  return failures_ < options_->patience;
}

void HeldOut::Save(TuneState* state) const {
  for (std::size_t r = 0; r < best_.size(); ++r) {
    const std::string key = "best." + std::to_string(r);
    state->floats[key + ".weight"] = best_[r].weight.data;
    state->floats[key + ".bias"] = best_[r].bias;
  }
  state->floats["best.loss"] = best_loss_;
  state->counts["failures"] = failures_;
}

Status HeldOut::Restore(const TuneState& state, const TrainedLens& lens) {
  best_ = lens.translators;
  const auto take = [&](const std::string& key, std::vector<float>* to) {
    const auto found = state.floats.find(key);
    if (found == state.floats.end() || found->second.size() != to->size()) {
      return false;
    }
    *to = found->second;
    return true;
  };
  bool whole = take("best.loss", &best_loss_);
  for (std::size_t r = 0; r < best_.size(); ++r) {
    const std::string key = "best." + std::to_string(r);
    whole = whole && take(key + ".weight", &best_[r].weight.data) &&
            take(key + ".bias", &best_[r].bias);
  }
  const auto failures = state.counts.find("failures");
  if (!whole || failures == state.counts.end()) {
    return ModelError("tune: the checkpoint lacks its checks; begin anew");
  }
  failures_ = failures->second;
  return {};
}

}  // namespace pellucid
