#include "analysis/lens_translation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "analysis/float_weights.h"
#include "base/buffer.h"
#include "base/quote.h"
#include "kernels/elementwise.h"
#include "kernels/linear.h"

namespace pellucid {
namespace {

bool AllFinite(std::span<const float> values) {
  return kernels::FirstNonFinite(values) == values.size();
}

// By row of the lens. Rows were checked before.
std::map<std::size_t, const LensTranslator*> ByRow(const TrainedLens& lens,
                                                   const SiteTable& table) {
  std::map<std::size_t, const LensTranslator*> out;
  for (const LensTranslator& translator : lens.translators) {
    const auto row = RowOfTranslator(translator, table);
    if (row.ok()) out.emplace(*row, &translator);
  }
  return out;
}

}  // namespace

Result<std::size_t> RowOfTranslator(const LensTranslator& translator,
                                    const SiteTable& table) {
  const auto site = table.Find(translator.site);
  if (site.ok()) {
    const SiteKey key = (*site)->key;
    const bool last = key.layer + 1 == table.sizes().n_layers;
    if (key.point == Point::kEmbed) return kEmbedRow;
    // What enters a block is what the one before has left.
    if (key.point == Point::kResidPost && !last) {
      return RowOf(key.layer, LensSite::kResidPost);
    }
  }
  return ModelError(fmt::format(
      "lens: {}: is neither \"embed\" nor the output of a block before the "
      "last of this model; use the lens with the model that it was made for",
      Quote(translator.site)));
}

Status CheckTrainedLens(const TrainedLens& lens, const SiteTable& table,
                        std::string_view name) {
  const auto refuse = [&](std::string_view what) {
    return ModelError(
        fmt::format("lens: {}: {}; use a lens that was made for this model",
                    Quote(name), what));
  };
  if (lens.translators.empty()) return refuse("has no maps");
  const std::size_t d = table.sizes().d_model;
  std::set<std::size_t> rows;
  for (const LensTranslator& translator : lens.translators) {
    PELLUCID_ASSIGN_OR_RETURN(const std::size_t row,
                              RowOfTranslator(translator, table));
    const auto of = [&](std::string_view what) {
      return refuse(fmt::format("{}: {}", Quote(translator.site), what));
    };
    if (!rows.insert(row).second) return of("stands twice");
    if (translator.weight.shape != std::vector<std::size_t>{d, d}) {
      return of(
          fmt::format("has a matrix of shape [{}], where the model needs "
                      "[{}, {}]",
                      fmt::join(translator.weight.shape, ", "), d, d));
    }
    if (!translator.bias.empty() && translator.bias.size() != d) {
      return of(
          fmt::format("has a bias of {} numbers, where the model needs {}",
                      translator.bias.size(), d));
    }
    if (!AllFinite(translator.weight.data) || !AllFinite(translator.bias)) {
      return of("holds a number that is not finite");
    }
  }
  return {};
}

Status KeepTranslatedRows(const TrainedLens& lens, const LensOptions& options,
                          const SiteTable& table, LensRows* rows) {
  for (const LensSite site : options.sites) {
    if (site == LensSite::kResidPost) continue;
    return UsageError(fmt::format(
        "lens: sites: a {} lens reads the embedding and the outputs of blocks; "
        "leave the others out, or use the logit lens",
        LensKindName(lens.kind)));
  }
  const auto maps = ByRow(lens, table);
  const std::size_t last =
      RowOf(table.sizes().n_layers - 1, LensSite::kResidPost);
  const auto has = [&](std::size_t row) {
    return row == last || maps.contains(row);
  };
  if (!options.layers.IsDefault()) {
    for (const std::size_t row : rows->shown) {
      if (has(row)) continue;
      return UsageError(
          fmt::format("lens: layers: the {} lens {} has no map "
                      "for {}; choose layers that it has",
                      LensKindName(lens.kind), Quote(lens.ref),
                      table.NameOf(SiteOfRow(row))));
    }
  }
  for (std::vector<std::size_t>* list :
       {&rows->shown, &rows->few, &rows->all}) {
    std::erase_if(*list, [&](std::size_t row) { return !has(row); });
  }
  return {};
}

void Translate(const TaskPool& pool, LensKind kind,
               const LensTranslator& translator, MatrixView states) {
  Buffer mapped(states.rows, states.cols);
  kernels::Linear(
      pool, states,
      FloatWeights({translator.weight.data.data(), translator.weight.shape[0],
                    translator.weight.shape[1]}),
      translator.bias, mapped.view());
  for (std::size_t r = 0; r < states.rows; ++r) {
    float* state = states.Row(r);
    const float* moved = mapped.view().Row(r);
    for (std::size_t i = 0; i < states.cols; ++i) {
      state[i] = kind == LensKind::kTuned ? state[i] + moved[i] : moved[i];
    }
  }
}

void TranslateVectors(const TaskPool& pool, const TrainedLens& lens,
                      const SiteTable& table,
                      std::span<const std::size_t> offsets,
                      std::span<const std::vector<std::size_t>* const> rows_of,
                      MatrixView vectors) {
  for (const auto& [row, translator] : ByRow(lens, table)) {
    std::vector<std::size_t> cells;
    for (std::size_t i = 0; i < rows_of.size(); ++i) {
      const auto at = std::ranges::lower_bound(*rows_of[i], row);
      if (at == rows_of[i]->end() || *at != row) continue;
      cells.push_back(offsets[i] +
                      static_cast<std::size_t>(at - rows_of[i]->begin()));
    }
    if (cells.empty()) continue;
    Buffer states(cells.size(), vectors.cols);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      std::ranges::copy(vectors.RowSpan(cells[i]), states.view().Row(i));
    }
    Translate(pool, lens.kind, *translator, states.view());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      std::ranges::copy(states.view().RowSpan(i), vectors.Row(cells[i]));
    }
  }
}

}  // namespace pellucid
