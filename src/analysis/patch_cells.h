// The cells of a patch: what is asked for, checked and laid out. Shared by
// patching itself and by its first-order estimate.
#ifndef PELLUCID_ANALYSIS_PATCH_CELLS_H_
#define PELLUCID_ANALYSIS_PATCH_CELLS_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "analysis/patch_layout.h"
#include "analysis/patch_sweep.h"
#include "model/model_impl.h"
#include "pellucid/patch.h"
#include "pellucid/result.h"
#include "trace/site.h"

namespace pellucid {

// kUsage, naming `operation`: a token outside the vocabulary, an answer or foil
// that is missing, too many, or of too many tokens for the metric.
Status CheckMetric(const Model::Impl& model, std::string_view operation,
                   PatchMetric metric, std::span<const TokenId> answer,
                   std::span<const TokenId> foil);

// Refers to the pair.
struct PatchCells {
  std::span<const TokenId> changed;  // the run that cells change
  std::span<const TokenId> other;    // where values come from
  Point point = Point::kResidPost;
  std::vector<std::size_t> rows, columns;
  std::vector<std::size_t> source_of;  // by position of `changed`; kUnpaired
  std::vector<SweepCell> cells;
  std::vector<std::size_t> cell_of;  // by row and column, an index into cells;
                                     // kUnpaired: changes nothing
};

// `first_changed`: the first position at which the run that is changed differs
// from the other, where that is not the first differing token. kUsage: as
// Patch's.
Result<PatchCells> LayOutCells(const Model::Impl& model, const PatchPair& pair,
                               const PatchOptions& options,
                               std::optional<std::size_t> first_changed);

// The grid of a metric of the changed run, of the other, and by cell.
PatchGrid MakePatchGrid(const PatchCells& layout, const PatchOptions& options,
                        double changed, double other,
                        std::span<const double> cells);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_PATCH_CELLS_H_
