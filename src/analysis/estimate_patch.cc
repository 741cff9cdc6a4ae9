// Attribution patching: a grid of patching (patch_cells.h) to first order.
#include <algorithm>
#include <utility>
#include <vector>

#include "analysis/metric_adjoint.h"
#include "analysis/patch_cells.h"
#include "analysis/point_dots.h"
#include "analysis/point_probe.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/backward.h"
#include "model/recorded_run.h"
#include "pellucid/gradient_attribution.h"

namespace pellucid {
namespace {

// other - changed of a point of every block, at positions of the changed run;
// 0 where one has none of the other.
std::vector<Buffer> DifferencesOf(const PatchCells& layout,
                                  std::span<const Buffer> changed,
                                  std::span<const Buffer> other) {
  const std::size_t tokens = layout.changed.size();
  std::vector<Buffer> differences;
  for (std::size_t l = 0; l < changed.size(); ++l) {
    const ConstMatrixView from = changed[l].view();
    const std::size_t others = other[l].view().rows * tokens / from.rows;
    Buffer& to = differences.emplace_back(from.rows, from.cols);
    for (std::size_t r = 0; r < from.rows; ++r) {
      // Rows of a matrix are heads of queries.
      const std::size_t source = layout.source_of[r % tokens];
      const std::span<float> row = to.view().RowSpan(r);
      if (source == kUnpaired) {
        std::ranges::fill(row, 0.0f);
        continue;
      }
      const float* const value =
          other[l].view().Row(r / tokens * others + source);
      for (std::size_t i = 0; i < row.size(); ++i) {
        row[i] = value[i] - from.Row(r)[i];
      }
    }
  }
  return differences;
}

class EstimateRun {
 public:
  EstimateRun(const Model::Impl& model, const PatchPair& pair,
              const PatchOptions& options)
      : model_(model),
        pair_(pair),
        options_(options),
        denoise_(options.direction == PatchDirection::kDenoise) {}

  Result<PatchGrid> Run();

 private:
  // The run of a prompt and of what its metric says behind it.
  Result<RecordedRun> Record(const MetricAdjoint& adjoint,
                             std::span<const TokenId> ids, Probe* probe,
                             std::size_t max_bytes) const {
    const auto prompts = adjoint.Prompts(ids);
    PELLUCID_RETURN_IF_ERROR(model_.CheckPrompts(prompts));
    return RecordedRun::Make(
        model_.context(), Pack(prompts),
        {.probe = probe, .max_bytes = max_bytes, .stop = options_.stop});
  }
  void Report(double done) const {
    if (options_.progress) options_.progress(done);
  }

  const Model::Impl& model_;
  const PatchPair& pair_;
  const PatchOptions& options_;
  const bool denoise_;
};

Result<PatchGrid> EstimateRun::Run() {
  const FloatEnvironment environment;
  if (options_.window != 1) {
    return UsageError(
        "attr: window: cells of several blocks overwrite one another, which a "
        "first-order estimate does not see; use 1");
  }
  if (!options_.to.empty()) {
    return UsageError(
        "attr: to: an estimate is of all that follows; leave it out");
  }
  PELLUCID_ASSIGN_OR_RETURN(const PatchCells layout,
                            LayOutCells(model_, pair_, options_, {}));
  PELLUCID_ASSIGN_OR_RETURN(MetricAdjoint adjoint,
                            MetricAdjoint::Make(model_, "attr", options_.metric,
                                                pair_.answer, pair_.foil));
  const SiteSizes& sizes = model_.table.sizes();
  const std::size_t tokens = layout.changed.size();
  PELLUCID_RETURN_IF_ERROR(CheckSourceSize(
      model_, layout.point, std::max(tokens, layout.other.size()),
      options_.max_bytes));
  PointProbe changed(layout.point, sizes, tokens);
  PELLUCID_ASSIGN_OR_RETURN(
      const RecordedRun run,
      Record(adjoint, layout.changed, &changed, options_.max_bytes));
  Report(0.25);
  PointProbe other(layout.point, sizes, layout.other.size());
  PELLUCID_ASSIGN_OR_RETURN(
      const RecordedRun source,
      Record(adjoint, layout.other, &other, /*max_bytes=*/0));
  Report(0.5);
  const RecordedRun& clean = denoise_ ? source : run;
  adjoint.SetReference(clean.residual().Rows(pair_.clean.size() - 1, 1));
  PELLUCID_ASSIGN_OR_RETURN(
      const double other_value,
      adjoint.Read(source, 0, layout.other.size(), options_.stop));
  const std::vector<std::size_t>& offsets = run.prompts().offsets;
  Buffer cotangent = Zeros(offsets.back(), model_.spec.d_model);
  PELLUCID_ASSIGN_OR_RETURN(
      const double value,
      adjoint.Pull(run, 0, tokens, 1, cotangent.view(), options_.stop));
  std::vector<Buffer> differences =
      DifferencesOf(layout, changed.Take(), other.Take());
  for (std::size_t l = 0; l < differences.size(); ++l) {
    if (!std::ranges::binary_search(layout.rows, l)) differences[l] = Buffer();
  }
  PointDots dots(layout.point, sizes, differences, offsets, tokens);
  PELLUCID_RETURN_IF_ERROR(RunBackward(
      run, cotangent.view(), {.probe = &dots, .stop = options_.stop}));
  Report(1);
  std::vector<double> estimates;
  for (const SweepCell& cell : layout.cells) {
    const std::size_t head = cell.heads.empty() ? 0 : cell.heads.front();
    estimates.push_back(value + SumOfCell(dots, options_.axes, cell.first_layer,
                                          head, cell.positions));
  }
  return MakePatchGrid(layout, options_, value, other_value, estimates);
}

}  // namespace

Result<PatchGrid> EstimatePatch(const Model& model, const PatchPair& pair,
                                const PatchOptions& options) {
  return CatchOutOfMemory(
      "attr", [&] { return EstimateRun(model.impl(), pair, options).Run(); });
}

}  // namespace pellucid
