#include "render/row_label.h"

#include <algorithm>

namespace pellucid::render {
namespace {

// What follows ".<layer>" in the site: "", or ".resid_mid". The whole site, if
// it does not name the layer.
std::string_view PointOf(const LensRow& row) {
  const std::string layer = std::string(".").append(std::to_string(row.layer));
  const std::string_view site = row.site;
  for (std::size_t at = site.find(layer); at != std::string_view::npos;
       at = site.find(layer, at + 1)) {
    const std::string_view rest = site.substr(at + layer.size());
    if (rest.empty() || rest[0] == '.') return rest;
  }
  return site;
}

}  // namespace

std::string RowLabel(const LensRow& row) {
  if (row.layer < 0) return row.site;
  std::string label = std::to_string(row.layer);
  std::string_view point = PointOf(row);
  if (point.empty()) return label;
  if (point[0] == '.') point.remove_prefix(1);
  return label.append(" ").append(point);
}

bool IsBlockOutput(const LensRow& row) {
  return row.layer >= 0 && PointOf(row).empty();
}

std::string_view OwnNormNote(std::span<const LensRow> rows) {
  const auto own = [](const LensRow& row) { return row.own_norm; };
  if (std::none_of(rows.begin(), rows.end(), own)) return {};
  return "Outputs of modules are decoded with their own norm's statistics";
}

}  // namespace pellucid::render
