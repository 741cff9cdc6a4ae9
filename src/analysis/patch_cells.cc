#include "analysis/patch_cells.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "trace/point_heads.h"

namespace pellucid {
namespace {

class Layout {
 public:
  Layout(const Model::Impl& model, const PatchPair& pair,
         const PatchOptions& options)
      : model_(model),
        pair_(pair),
        options_(options),
        denoise_(options.direction == PatchDirection::kDenoise) {
    out_.changed = denoise_ ? pair.corrupt : pair.clean;
    out_.other = denoise_ ? pair.clean : pair.corrupt;
  }

  Status Choose();
  void AddCells(std::optional<std::size_t> first_changed);
  PatchCells Take() { return std::move(out_); }

 private:
  const Model::Impl& model_;
  const PatchPair& pair_;
  const PatchOptions& options_;
  const bool denoise_;
  PatchCells out_;
};

Status Layout::Choose() {
  PELLUCID_ASSIGN_OR_RETURN(out_.point,
                            PatchPointOf(model_.table, options_.site));
  if (options_.window == 0) {
    return UsageError("patch: window 0: holds no block; use 1 or more");
  }
  if (out_.point == Point::kPattern && options_.align != PatchAlign::kStrict) {
    return UsageError(
        "patch: pattern: has keys of both prompts, which must be of one "
        "length; align strictly");
  }
  const TokenSpan to = denoise_ ? pair_.corrupt_span : pair_.clean_span;
  const TokenSpan from = denoise_ ? pair_.clean_span : pair_.corrupt_span;
  PELLUCID_ASSIGN_OR_RETURN(
      out_.source_of,
      PairPositions(out_.changed, out_.other, options_.align, to, from));
  PELLUCID_ASSIGN_OR_RETURN(out_.rows,
                            options_.layers.Resolve(model_.spec.n_layers));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> positions,
                            options_.positions.Resolve(out_.changed.size()));
  std::vector<std::size_t> paired;
  for (const std::size_t position : positions) {
    if (out_.source_of[position] != kUnpaired) paired.push_back(position);
  }
  if (paired.empty()) {
    return UsageError(
        "patch: positions: none of them has one of the other prompt; align the "
        "prompts otherwise");
  }
  const std::size_t heads = HeadsOfPoint(model_.table.sizes(), out_.point);
  switch (options_.axes) {
    case PatchAxes::kLayerPosition:
      out_.columns = paired;
      break;
    case PatchAxes::kLayerHead: {
      if (heads == 0) {
        return UsageError(
            fmt::format("patch: {}: has no heads; use z, q, k, v or pattern",
                        options_.site));
      }
      PELLUCID_ASSIGN_OR_RETURN(out_.columns, options_.heads.Resolve(heads));
      break;
    }
    case PatchAxes::kLayer:
      out_.columns = {0};
      break;
  }
  return {};
}

void Layout::AddCells(std::optional<std::size_t> first_changed) {
  // Where both prompts have had the same tokens, a cell changes nothing.
  const std::size_t shared = first_changed.value_or(
      SharedBeginning(out_.changed, out_.other, out_.source_of));
  std::vector<std::size_t> differing;
  const auto positions =
      options_.positions.Resolve(out_.changed.size()).value();
  for (const std::size_t position : positions) {
    if (out_.source_of[position] != kUnpaired && position >= shared) {
      differing.push_back(position);
    }
  }
  for (const std::size_t layer : out_.rows) {
    const LayerRange window =
        WindowOf(layer, options_.window, model_.spec.n_layers);
    for (const std::size_t column : out_.columns) {
      SweepCell cell;
      cell.first_layer = window.first;
      cell.end_layer = window.end;
      cell.positions = differing;
      if (options_.axes == PatchAxes::kLayerPosition) {
        cell.positions.clear();
        if (column >= shared) cell.positions.push_back(column);
      }
      if (options_.axes == PatchAxes::kLayerHead) cell.heads = {column};
      out_.cell_of.push_back(cell.positions.empty() ? kUnpaired
                                                    : out_.cells.size());
      if (!cell.positions.empty()) out_.cells.push_back(std::move(cell));
    }
  }
}

}  // namespace

Status CheckMetric(const Model::Impl& model, std::string_view operation,
                   PatchMetric metric, std::span<const TokenId> answer,
                   std::span<const TokenId> foil) {
  for (const std::span<const TokenId> tokens : {answer, foil}) {
    for (const TokenId id : tokens) {
      if (id >= 0 && static_cast<std::size_t>(id) < model.spec.vocab_size) {
        continue;
      }
      return UsageError(fmt::format(
          "{}: token id {}: is not within the model's vocabulary; choose one "
          "of 0 to {}",
          operation, id, model.spec.vocab_size - 1));
    }
  }
  const std::string name(PatchMetricName(metric));
  if (metric != PatchMetric::kKl && answer.empty()) {
    return UsageError(fmt::format("{}: metric {}: needs an answer; name one",
                                  operation, name));
  }
  if (metric == PatchMetric::kLogitDiff && foil.empty()) {
    return UsageError(fmt::format(
        "{}: metric logit-diff: needs a foil to compare the answer with; name "
        "one, or use logprob",
        operation));
  }
  if (metric != PatchMetric::kLogitDiff && !foil.empty()) {
    return UsageError(fmt::format(
        "{}: metric {}: takes no foil; leave it out, or use logit-diff",
        operation, name));
  }
  const bool single =
      metric == PatchMetric::kKl || metric == PatchMetric::kRank;
  if (single && answer.size() > 1) {
    return UsageError(fmt::format(
        "{}: metric {}: is of one token, not of {}; use logprob or prob",
        operation, name, answer.size()));
  }
  return {};
}

Result<PatchCells> LayOutCells(const Model::Impl& model, const PatchPair& pair,
                               const PatchOptions& options,
                               std::optional<std::size_t> first_changed) {
  const std::vector<TokenId> prompts[] = {pair.clean, pair.corrupt};
  PELLUCID_RETURN_IF_ERROR(model.CheckPrompts(prompts));
  PELLUCID_RETURN_IF_ERROR(
      CheckMetric(model, "patch", options.metric, pair.answer, pair.foil));
  Layout layout(model, pair, options);
  PELLUCID_RETURN_IF_ERROR(layout.Choose());
  layout.AddCells(first_changed);
  return layout.Take();
}

PatchGrid MakePatchGrid(const PatchCells& layout, const PatchOptions& options,
                        double changed, double other,
                        std::span<const double> cells) {
  const bool denoise = options.direction == PatchDirection::kDenoise;
  PatchGrid grid;
  grid.metric = options.metric;
  grid.axes = options.axes;
  grid.site = options.site;
  grid.rows = layout.rows;
  grid.columns = layout.columns;
  grid.clean = denoise ? other : changed;
  grid.corrupt = denoise ? changed : other;
  grid.ids.assign(layout.changed.begin(), layout.changed.end());
  std::size_t at = 0;
  for (std::size_t r = 0; r < layout.rows.size(); ++r) {
    std::vector<double>& row = grid.values.emplace_back();
    std::vector<std::optional<double>>& recovered =
        grid.recovery.emplace_back();
    for (std::size_t c = 0; c < layout.columns.size(); ++c) {
      const std::size_t cell = layout.cell_of[at++];
      row.push_back(cell == kUnpaired ? changed : cells[cell]);
      const double share =
          (row.back() - grid.corrupt) / (grid.clean - grid.corrupt);
      recovered.push_back(std::isfinite(share) ? std::optional(share)
                                               : std::nullopt);
    }
  }
  return grid;
}

}  // namespace pellucid
