// pellucid/gradient_attribution.h - attribution by gradients: what each
// activation is worth to a metric, for all of them at the cost of a few runs.
//
// Attribution patching (Nanda 2023; Syed et al. 2023) estimates every cell of a
// patch to first order, from two forward passes and one backward:
//
//   value(cell) ~ metric(changed run) + sum of (other - changed) gradient
//
//   PatchGrid estimate = EstimatePatch(model, pair, {.site = "z"}).value();
//   // estimate.values[row][column], where Patch has the value itself
//
// Gradient x activation (Shrikumar et al. 2016) and integrated gradients
// (Sundararajan et al. 2017) take one run apart: the numbers of a site that say
// how far the metric is from what it would be with a baseline there.
#ifndef PELLUCID_GRADIENT_ATTRIBUTION_H_
#define PELLUCID_GRADIENT_ATTRIBUTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/model.h"
#include "pellucid/patch.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"  // Progress

namespace pellucid {

// The grid of Patch with first-order estimates in place of its values. `clean`
// and `corrupt` are the metrics of whole runs, as there. Costs two forward
// passes and one backward, whatever the number of cells; memory for the site in
// every block, [n_layers, tokens, d_model] and some blocks' activations.
// `max_bytes` bounds the site, and the blocks that are kept. Errors as Patch's;
// kUsage also: a rank, which has no derivative, and a window of several blocks,
// whose cells overwrite one another.
PELLUCID_API Result<PatchGrid> EstimatePatch(const Model& model,
                                             const PatchPair& pair,
                                             const PatchOptions& options = {});

enum class GradientMethod : std::uint8_t {
  kTimesActivation,  // (x - baseline) gradient, at x
  kIntegrated,       // (x - baseline) mean of gradients between the two
};

// The name in JSON and on the command line: "grad", "ig".
PELLUCID_API std::string_view GradientMethodName(GradientMethod method);

// What activations are compared with where no other prompt gives it.
enum class ActivationBaseline : std::uint8_t {
  kZero,
  // At every position the mean over those of the prompt; of a pattern 0. Zeros
  // are a poor beginning of a path through norms, which make the same of a
  // state whatever its length: all that happens, happens near 0.
  kMean,
};

// What AttributeActivations takes apart, and how.
struct ActivationOptions {
  GradientMethod method = GradientMethod::kIntegrated;
  // "embed", what enters the first block: one row. Or a site of PatchOptions: a
  // row for each block, each taken apart by itself.
  std::string site = "embed";
  PatchAxes axes = PatchAxes::kLayerPosition;
  PatchMetric metric = PatchMetric::kLogitDiff;
  std::vector<TokenId> answer = {}, foil = {};  // as PatchPair's
  // The prompt whose activations are the baseline, and whose distribution
  // PatchMetric::kKl compares with, of as many tokens; empty: none.
  std::vector<TokenId> baseline = {};
  // Without one; by default kZero for kTimesActivation, kMean for kIntegrated.
  std::optional<ActivationBaseline> baseline_kind = {};
  // Of integrated gradients: points between baseline and run, at the middles of
  // as many equal parts.
  std::size_t steps = 32;
  Selection layers = {}, positions = {}, heads = {};
  std::size_t max_bytes = std::size_t{1} << 30;  // of kept activations
  std::stop_token stop = {};
  Progress progress = {};
};

// One number a cell.
struct ActivationGrid {
  GradientMethod method = GradientMethod::kIntegrated;
  PatchMetric metric = PatchMetric::kLogitDiff;
  PatchAxes axes = PatchAxes::kLayerPosition;
  std::string site;
  std::vector<std::size_t> rows;     // blocks; {0} for "embed"
  std::vector<std::size_t> columns;  // positions or heads; {0} with kLayer
  double value = 0;                  // the metric of the run
  // By row, with the baseline there at all positions: of integrated gradients,
  // the numbers of the whole row sum to value - baseline, as exactly as the
  // steps allow; not in a mixture whose choice of experts changes on the way.
  // Empty for kTimesActivation.
  std::vector<double> baseline;
  std::vector<double> total;  // by row, of all positions and heads
  std::vector<std::vector<double>> values;  // [rows, columns]
  std::vector<TokenId> ids;
};

// Costs a forward pass and a backward for kTimesActivation; for kIntegrated,
// those times `steps` for each row. kUsage: what Patch refuses of one run, a
// baseline of another length, no steps. kModel, kCancelled: as Patch.
PELLUCID_API Result<ActivationGrid> AttributeActivations(
    const Model& model, std::span<const TokenId> ids,
    const ActivationOptions& options);

// How an estimate agrees with patching itself, over the cells whose patch
// changes anything. Effects are values less the metric of the run that is
// changed, row by row.
struct EstimateAgreement {
  std::vector<double> estimates, effects;  // by cell
  std::optional<double> rank_correlation;  // RankCorrelation of the two
  // Of the squares of effects, the share that estimates explain with no
  // constant and no factor; 1: equal, below 0: worse than estimating 0. Empty
  // where no effect differs from 0.
  std::optional<double> explained;
};

// kUsage: grids of different rows, columns or metrics.
PELLUCID_API Result<EstimateAgreement> CompareEstimate(
    const PatchGrid& estimate, const PatchGrid& truth,
    PatchDirection direction = PatchDirection::kDenoise);

// Spearman's: the correlation of the ranks of two equally long lists, equal
// numbers having the mean of their ranks. Empty where one list has fewer than
// two different numbers.
PELLUCID_API std::optional<double> RankCorrelation(std::span<const double> a,
                                                   std::span<const double> b);

}  // namespace pellucid

#endif  // PELLUCID_GRADIENT_ATTRIBUTION_H_
