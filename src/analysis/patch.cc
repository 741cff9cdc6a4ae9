// Activation patching: one grid of cells (patch_layout.h), one sweep over them
// (patch_sweep.h), one metric at the end of each (patch_metric.h).
#include "pellucid/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "analysis/patch_layout.h"
#include "analysis/patch_metric.h"
#include "analysis/patch_run.h"
#include "analysis/patch_sweep.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "trace/point_heads.h"

namespace pellucid {
namespace {

// The metric of the run that is changed, of the other, and of each cell.
struct SweepValues {
  double changed = 0, other = 0;
  std::vector<double> cells;
};

class PatchRun {
 public:
  PatchRun(const Model::Impl& model, const PatchPair& pair,
           const PatchOptions& options, const Corruption& corruption)
      : model_(model),
        pair_(pair),
        options_(options),
        corruption_(corruption),
        denoise_(options.direction == PatchDirection::kDenoise),
        changed_(denoise_ ? pair.corrupt : pair.clean),
        other_(denoise_ ? pair.clean : pair.corrupt) {}

  Result<PatchGrid> Run();

 private:
  Status CheckTokens() const;
  Status CheckMetric() const;
  Status LayOut();
  void AddCells();
  // Sequences have a sweep each for answer and foil.
  bool OfSequences() const {
    return pair_.answer.size() > 1 || pair_.foil.size() > 1;
  }
  Result<SweepValues> Values() const;
  Result<SweepValues> Sweep(std::vector<TokenId> answer,
                            std::optional<TokenId> foil) const;
  PatchGrid MakeGrid(const SweepValues& values) const;
  double ShareOfFullRuns() const;

  const Model::Impl& model_;
  const PatchPair& pair_;
  const PatchOptions& options_;
  const Corruption& corruption_;
  const bool denoise_;
  const std::vector<TokenId>& changed_;  // the run that cells change
  const std::vector<TokenId>& other_;    // where values come from

  Point point_ = Point::kResidPost;
  std::vector<std::size_t> rows_, columns_;
  std::vector<std::size_t> source_of_;  // of the changed prompt
  std::vector<SweepCell> cells_;
  std::vector<std::size_t> cell_of_;  // by row and column; kUnpaired: changes
                                      // nothing
};

Result<PatchGrid> PatchRun::Run() {
  const FloatEnvironment environment;
  const std::vector<TokenId> prompts[] = {pair_.clean, pair_.corrupt};
  PELLUCID_RETURN_IF_ERROR(model_.CheckPrompts(prompts));
  PELLUCID_RETURN_IF_ERROR(CheckTokens());
  PELLUCID_RETURN_IF_ERROR(CheckMetric());
  PELLUCID_RETURN_IF_ERROR(LayOut());
  AddCells();
  PELLUCID_ASSIGN_OR_RETURN(const SweepValues values, Values());
  return MakeGrid(values);
}

Status PatchRun::CheckTokens() const {
  for (const auto* tokens : {&pair_.answer, &pair_.foil}) {
    for (const TokenId id : *tokens) {
      if (id >= 0 && static_cast<std::size_t>(id) < model_.spec.vocab_size) {
        continue;
      }
      return UsageError(fmt::format(
          "patch: token id {}: is not within the model's vocabulary; choose "
          "one of 0 to {}",
          id, model_.spec.vocab_size - 1));
    }
  }
  return {};
}

Status PatchRun::CheckMetric() const {
  const PatchMetric metric = options_.metric;
  const std::string name(PatchMetricName(metric));
  if (metric != PatchMetric::kKl && pair_.answer.empty()) {
    return UsageError(
        fmt::format("patch: metric {}: needs an answer; name one", name));
  }
  if (metric == PatchMetric::kLogitDiff && pair_.foil.empty()) {
    return UsageError(
        "patch: metric logit-diff: needs a foil to compare the answer with; "
        "name one, or use logprob");
  }
  if (metric != PatchMetric::kLogitDiff && !pair_.foil.empty()) {
    return UsageError(fmt::format(
        "patch: metric {}: takes no foil; leave it out, or use logit-diff",
        name));
  }
  const bool single =
      metric == PatchMetric::kKl || metric == PatchMetric::kRank;
  if (single && pair_.answer.size() > 1) {
    return UsageError(fmt::format(
        "patch: metric {}: is of one token, not of {}; use logprob or prob",
        name, pair_.answer.size()));
  }
  return {};
}

Status PatchRun::LayOut() {
  PELLUCID_ASSIGN_OR_RETURN(point_, PatchPointOf(model_.table, options_.site));
  if (options_.window == 0) {
    return UsageError("patch: window 0: holds no block; use 1 or more");
  }
  if (point_ == Point::kPattern && options_.align != PatchAlign::kStrict) {
    return UsageError(
        "patch: pattern: has keys of both prompts, which must be of one "
        "length; align strictly");
  }
  const TokenSpan to = denoise_ ? pair_.corrupt_span : pair_.clean_span;
  const TokenSpan from = denoise_ ? pair_.clean_span : pair_.corrupt_span;
  PELLUCID_ASSIGN_OR_RETURN(
      source_of_, PairPositions(changed_, other_, options_.align, to, from));
  PELLUCID_ASSIGN_OR_RETURN(rows_,
                            options_.layers.Resolve(model_.spec.n_layers));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> positions,
                            options_.positions.Resolve(changed_.size()));
  std::vector<std::size_t> paired;
  for (const std::size_t position : positions) {
    if (source_of_[position] != kUnpaired) paired.push_back(position);
  }
  if (paired.empty()) {
    return UsageError(
        "patch: positions: none of them has one of the other prompt; align the "
        "prompts otherwise");
  }
  const std::size_t heads = HeadsOfPoint(model_.table.sizes(), point_);
  switch (options_.axes) {
    case PatchAxes::kLayerPosition:
      columns_ = paired;
      break;
    case PatchAxes::kLayerHead: {
      if (heads == 0) {
        return UsageError(
            fmt::format("patch: {}: has no heads; use z, q, k, v or pattern",
                        options_.site));
      }
      PELLUCID_ASSIGN_OR_RETURN(columns_, options_.heads.Resolve(heads));
      break;
    }
    case PatchAxes::kLayer:
      columns_ = {0};
      break;
  }
  return {};
}

void PatchRun::AddCells() {
  // Where both prompts have had the same tokens, a cell changes nothing.
  const std::size_t shared =
      corruption_.first.value_or(SharedBeginning(changed_, other_, source_of_));
  std::vector<std::size_t> differing;
  const auto positions = options_.positions.Resolve(changed_.size()).value();
  for (const std::size_t position : positions) {
    if (source_of_[position] != kUnpaired && position >= shared) {
      differing.push_back(position);
    }
  }
  for (const std::size_t layer : rows_) {
    const LayerRange window =
        WindowOf(layer, options_.window, model_.spec.n_layers);
    for (const std::size_t column : columns_) {
      SweepCell cell;
      cell.first_layer = window.first;
      cell.end_layer = window.end;
      cell.positions = differing;
      if (options_.axes == PatchAxes::kLayerPosition) {
        cell.positions.clear();
        if (column >= shared) cell.positions.push_back(column);
      }
      if (options_.axes == PatchAxes::kLayerHead) cell.heads = {column};
      cell_of_.push_back(cell.positions.empty() ? kUnpaired : cells_.size());
      if (!cell.positions.empty()) cells_.push_back(std::move(cell));
    }
  }
}

Result<SweepValues> PatchRun::Values() const {
  const bool differences = options_.metric == PatchMetric::kLogitDiff;
  if (!OfSequences()) {
    std::vector<TokenId> answer = pair_.answer;
    if (answer.empty()) answer = {0};  // KL looks at none
    std::optional<TokenId> foil;
    if (differences) foil = pair_.foil.front();
    return Sweep(std::move(answer), foil);
  }
  PELLUCID_ASSIGN_OR_RETURN(SweepValues values, Sweep(pair_.answer, {}));
  if (!differences) return values;
  PELLUCID_ASSIGN_OR_RETURN(const SweepValues foil, Sweep(pair_.foil, {}));
  values.changed -= foil.changed;
  values.other -= foil.other;
  for (std::size_t i = 0; i < values.cells.size(); ++i) {
    values.cells[i] -= foil.cells[i];
  }
  return values;
}

// With the tokens of a sequence but its last behind both prompts, so that each
// token is read where those before it have been said.
Result<SweepValues> PatchRun::Sweep(std::vector<TokenId> answer,
                                    std::optional<TokenId> foil) const {
  const auto extend = [&](std::vector<TokenId> prompt) {
    prompt.insert(prompt.end(), answer.begin(), answer.end() - 1);
    return prompt;
  };
  const std::vector<TokenId> ids[] = {extend(changed_), extend(other_)};
  PELLUCID_RETURN_IF_ERROR(model_.CheckPrompts(ids));
  PELLUCID_ASSIGN_OR_RETURN(
      const SweepBase base,
      RunSweepBase(model_, ids[0], corruption_.edits, options_.stop));
  PELLUCID_ASSIGN_OR_RETURN(const SweepSource source,
                            RunSweepSource(model_, ids[1], point_,
                                           options_.max_bytes, options_.stop));
  const auto final_rows = [&](const Buffer& residual, std::size_t prompt) {
    return residual.view().Rows(prompt - 1, answer.size());
  };
  MetricReader reader(model_, options_.metric, answer, foil);
  const Buffer& changed_final = base.states.back();
  reader.SetReference(final_rows(
      denoise_ ? source.final_residual : changed_final, pair_.clean.size()));
  SweepValues values;
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<double> changed,
      reader.Read(final_rows(changed_final, changed_.size()), options_.stop));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<double> other,
      reader.Read(final_rows(source.final_residual, other_.size()),
                  options_.stop));
  values.changed = changed.front();
  values.other = other.front();
  values.cells.resize(cells_.size());
  SweepOptions sweep;
  sweep.source_of = source_of_;
  sweep.stop = options_.stop;
  sweep.progress = options_.progress;
  for (std::size_t j = 0; j + 1 < answer.size(); ++j) {
    sweep.source_of.push_back(other_.size() + j);
  }
  for (std::size_t j = 0; j < answer.size(); ++j) {
    sweep.readouts.push_back(changed_.size() - 1 + j);
  }
  const SweepBase* const bases[] = {&base};
  PELLUCID_RETURN_IF_ERROR(RunSweep(
      model_, bases, source, cells_, sweep,
      [&](std::span<const std::size_t> group,
          ConstMatrixView residual) -> Status {
        PELLUCID_ASSIGN_OR_RETURN(const std::vector<double> read,
                                  reader.Read(residual, options_.stop));
        for (std::size_t i = 0; i < group.size(); ++i) {
          values.cells[group[i]] = read[i];
        }
        return {};
      }));
  return values;
}

PatchGrid PatchRun::MakeGrid(const SweepValues& values) const {
  PatchGrid grid;
  grid.metric = options_.metric;
  grid.axes = options_.axes;
  grid.site = options_.site;
  grid.rows = rows_;
  grid.columns = columns_;
  grid.clean = denoise_ ? values.other : values.changed;
  grid.corrupt = denoise_ ? values.changed : values.other;
  grid.ids = changed_;
  std::size_t at = 0;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    std::vector<double>& row = grid.values.emplace_back();
    std::vector<std::optional<double>>& recovered =
        grid.recovery.emplace_back();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const std::size_t cell = cell_of_[at++];
      row.push_back(cell == kUnpaired ? values.changed : values.cells[cell]);
      const double share =
          (row.back() - grid.corrupt) / (grid.clean - grid.corrupt);
      recovered.push_back(std::isfinite(share) ? std::optional(share)
                                               : std::nullopt);
    }
  }
  grid.share_of_full_runs = ShareOfFullRuns();
  return grid;
}

double PatchRun::ShareOfFullRuns() const {
  const std::size_t layers = model_.spec.n_layers;
  std::size_t made = 0;
  for (const SweepCell& cell : cells_) {
    const std::size_t entry =
        cell.first_layer + (point_ == Point::kResidPost ? 1 : 0);
    made += (changed_.size() - cell.positions.front()) * (layers - entry);
  }
  const std::size_t whole = cell_of_.size() * changed_.size() * layers;
  return static_cast<double>(made) / static_cast<double>(whole);
}

}  // namespace

Result<PatchGrid> RunPatch(const Model::Impl& model, const PatchPair& pair,
                           const PatchOptions& options,
                           const Corruption& corruption) {
  return PatchRun(model, pair, options, corruption).Run();
}

Result<PatchGrid> Patch(const Model& model, const PatchPair& pair,
                        const PatchOptions& options) {
  return CatchOutOfMemory(
      "patch", [&] { return RunPatch(model.impl(), pair, options, {}); });
}

}  // namespace pellucid
