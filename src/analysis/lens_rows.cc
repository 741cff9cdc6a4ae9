#include "analysis/lens_rows.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "analysis/lens_translation.h"

namespace pellucid {
namespace {

// By LensSite.
constexpr std::array<Point, 4> kPoints = {Point::kAttn, Point::kResidMid,
                                          Point::kMlp, Point::kResidPost};
// A site's path below a block where the architecture does not have it, to look
// for the nearest names.
constexpr std::array<std::string_view, 4> kPaths = {"attn_out", "resid_mid",
                                                    "mlp_out", "resid_post"};

std::size_t IndexOf(LensSite site) { return static_cast<std::size_t>(site); }

// The row that decodes a point, if one does.
std::optional<std::size_t> RowOfSite(SiteKey key) {
  if (key.point == Point::kEmbed) return kEmbedRow;
  const auto at = std::ranges::find(kPoints, key.point);
  if (at == kPoints.end()) return std::nullopt;
  return RowOf(key.layer, static_cast<LensSite>(at - kPoints.begin()));
}

std::vector<std::size_t> Union(const std::vector<std::size_t>& a,
                               const std::vector<std::size_t>& b) {
  std::vector<std::size_t> out;
  std::ranges::set_union(a, b, std::back_inserter(out));
  return out;
}

Status CheckSite(const SiteTable& table, std::size_t layer, LensSite site) {
  if (table.Has({kPoints[IndexOf(site)], layer})) return {};
  std::string name = table.NameOf({Point::kResidPost, layer});
  name.append(".").append(kPaths[IndexOf(site)]);
  const auto found = table.Find(name);
  if (!found.ok()) return found.error();
  return UsageError("sites: " + name + ": is no row of this model's lens");
}

}  // namespace

std::size_t RowOf(std::size_t layer, LensSite site) {
  return 1 + layer * kPoints.size() + IndexOf(site);
}

SiteKey SiteOfRow(std::size_t row) {
  if (row == kEmbedRow) return {Point::kEmbed};
  return {kPoints[(row - 1) % kPoints.size()], (row - 1) / kPoints.size()};
}

int LayerOfRow(std::size_t row) {
  return row == kEmbedRow ? -1 : static_cast<int>((row - 1) / kPoints.size());
}

bool IsBlockOutput(std::size_t row) {
  return SiteOfRow(row).point == Point::kResidPost;
}

bool HasOwnNorm(std::size_t row) {
  const Point point = SiteOfRow(row).point;
  return point == Point::kAttn || point == Point::kMlp;
}

Result<LensRows> ResolveRows(const LensOptions& options,
                             const SiteTable& table) {
  const std::size_t n_layers = table.sizes().n_layers;
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> layers,
                            options.layers.Resolve(n_layers));
  std::vector<LensSite> sites = options.sites;
  std::ranges::sort(sites);
  sites.erase(std::unique(sites.begin(), sites.end()), sites.end());
  if (sites.empty()) {
    return UsageError("lens: sites: there are none; name at least one");
  }
  const bool embed = options.embed_row &&
                     sites.back() == LensSite::kResidPost &&
                     (options.layers.IsDefault() || options.layers.HasEmbed());
  LensRows rows;
  if (embed) rows.shown.push_back(kEmbedRow);
  for (const std::size_t layer : layers) {
    for (const LensSite site : sites) {
      PELLUCID_RETURN_IF_ERROR(CheckSite(table, layer, site));
      rows.shown.push_back(RowOf(layer, site));
    }
  }
  if (rows.shown.empty()) {
    return UsageError(
        "lens: layers: nothing is left to show; name a layer, or keep embed, "
        "which goes with resid_post");
  }
  std::vector<std::size_t> blocks;
  for (std::size_t layer = 0; layer < n_layers; ++layer) {
    blocks.push_back(RowOf(layer, LensSite::kResidPost));
  }
  rows.few = Union(rows.shown, {blocks.back()});
  rows.all = Union(rows.shown, blocks);
  if (options.trained) {
    PELLUCID_RETURN_IF_ERROR(
        KeepTranslatedRows(*options.trained, options, table, &rows));
  }
  return rows;
}

RowProbe::RowProbe(std::vector<std::size_t> tokens,
                   std::vector<const std::vector<std::size_t>*> rows_of,
                   std::size_t n_layers, std::size_t d_model)
    : tokens_(std::move(tokens)),
      rows_of_(std::move(rows_of)),
      wanted_(RowOf(n_layers, LensSite::kAttnOut)) {
  offsets_.push_back(0);
  for (const std::vector<std::size_t>* rows : rows_of_) {
    offsets_.push_back(offsets_.back() + rows->size());
    for (const std::size_t row : *rows) wanted_[row] = true;
  }
  vectors_ = Buffer(offsets_.back(), d_model);
}

bool RowProbe::Wants(SiteKey key) const {
  const std::optional<std::size_t> row = RowOfSite(key);
  return row && wanted_[*row];
}

void RowProbe::Visit(SiteKey key, ConstMatrixView value) {
  const std::size_t row = RowOfSite(key).value();
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const std::vector<std::size_t>& rows = *rows_of_[i];
    const auto at = std::ranges::lower_bound(rows, row);
    if (at == rows.end() || *at != row) continue;
    const std::size_t cell =
        offsets_[i] + static_cast<std::size_t>(at - rows.begin());
    std::ranges::copy(value.RowSpan(tokens_[i]), vectors_.view().Row(cell));
  }
}

}  // namespace pellucid
