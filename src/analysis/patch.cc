// Activation patching: one grid of cells (patch_layout.h), one sweep over them
// (patch_sweep.h), one metric at the end of each (patch_metric.h).
#include "pellucid/patch.h"

#include <cstdint>
#include <utility>

#include "analysis/patch_cells.h"
#include "analysis/patch_metric.h"
#include "analysis/patch_run.h"
#include "analysis/patch_sweep.h"
#include "analysis/path_patch.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"

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
  // Sequences have a sweep each for answer and foil.
  bool OfSequences() const {
    return pair_.answer.size() > 1 || pair_.foil.size() > 1;
  }
  Result<SweepValues> Values() const;
  Result<SweepValues> Sweep(std::vector<TokenId> answer,
                            std::optional<TokenId> foil) const;
  double ShareOfFullRuns() const;

  const Model::Impl& model_;
  const PatchPair& pair_;
  const PatchOptions& options_;
  const Corruption& corruption_;
  const bool denoise_;
  const std::vector<TokenId>& changed_;  // the run that cells change
  const std::vector<TokenId>& other_;    // where values come from

  PatchCells layout_;
};

Result<PatchGrid> PatchRun::Run() {
  const FloatEnvironment environment;
  PELLUCID_ASSIGN_OR_RETURN(
      layout_, LayOutCells(model_, pair_, options_, corruption_.first));
  PELLUCID_ASSIGN_OR_RETURN(const SweepValues values, Values());
  PatchGrid grid = MakePatchGrid(layout_, options_, values.changed,
                                 values.other, values.cells);
  grid.share_of_full_runs = ShareOfFullRuns();
  return grid;
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
                            RunSweepSource(model_, ids[1], layout_.point,
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
  values.cells.resize(layout_.cells.size());
  SweepOptions sweep;
  sweep.source_of = layout_.source_of;
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
      model_, bases, source, layout_.cells, sweep,
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

double PatchRun::ShareOfFullRuns() const {
  const std::size_t layers = model_.spec.n_layers;
  std::size_t made = 0;
  for (const SweepCell& cell : layout_.cells) {
    const std::size_t entry =
        cell.first_layer + (layout_.point == Point::kResidPost ? 1 : 0);
    made += (changed_.size() - cell.positions.front()) * (layers - entry);
  }
  const std::size_t whole = layout_.cell_of.size() * changed_.size() * layers;
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
  return CatchOutOfMemory("patch", [&] {
    return options.to.empty() ? RunPatch(model.impl(), pair, options, {})
                              : RunPathPatch(model.impl(), pair, options);
  });
}

}  // namespace pellucid
