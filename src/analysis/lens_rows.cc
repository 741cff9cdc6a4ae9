#include "analysis/lens_rows.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace pellucid {
namespace {

std::vector<std::size_t> Union(const std::vector<std::size_t>& a,
                               const std::vector<std::size_t>& b) {
  std::vector<std::size_t> out;
  std::ranges::set_union(a, b, std::back_inserter(out));
  return out;
}

}  // namespace

Result<LensRows> ResolveRows(const LensOptions& options, std::size_t n_layers) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> layers,
                            options.layers.Resolve(n_layers));
  const bool embed = options.layers.IsDefault()
                         ? options.embed_row
                         : options.layers.HasEmbed() && options.embed_row;
  LensRows rows;
  if (embed) rows.shown.push_back(0);
  for (const std::size_t layer : layers) rows.shown.push_back(1 + layer);
  if (rows.shown.empty()) {
    return UsageError(
        "lens: layers: nothing is left to show; name a layer or keep embed");
  }
  std::vector<std::size_t> blocks(n_layers);
  std::iota(blocks.begin(), blocks.end(), std::size_t{1});
  rows.few = Union(rows.shown, {n_layers});
  rows.all = Union(rows.shown, blocks);
  return rows;
}

ResidualProbe::ResidualProbe(
    std::vector<std::size_t> tokens,
    std::vector<const std::vector<std::size_t>*> rows_of, std::size_t n_layers,
    std::size_t d_model)
    : tokens_(std::move(tokens)),
      rows_of_(std::move(rows_of)),
      wanted_(n_layers + 1) {
  offsets_.push_back(0);
  for (const std::vector<std::size_t>* rows : rows_of_) {
    offsets_.push_back(offsets_.back() + rows->size());
    for (const std::size_t row : *rows) wanted_[row] = true;
  }
  residuals_ = Buffer(offsets_.back(), d_model);
}

bool ResidualProbe::Wants(SiteKey key) const {
  if (key.point == Point::kEmbed) return wanted_[0];
  return key.point == Point::kResidPost && wanted_[1 + key.layer];
}

void ResidualProbe::Visit(SiteKey key, ConstMatrixView value) {
  const std::size_t row = key.point == Point::kEmbed ? 0 : 1 + key.layer;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const std::vector<std::size_t>& rows = *rows_of_[i];
    const auto at = std::ranges::lower_bound(rows, row);
    if (at == rows.end() || *at != row) continue;
    const std::size_t cell =
        offsets_[i] + static_cast<std::size_t>(at - rows.begin());
    std::ranges::copy(value.RowSpan(tokens_[i]), residuals_.view().Row(cell));
  }
}

}  // namespace pellucid
