#include "trace/plan.h"

#include <algorithm>
#include <utility>

namespace pellucid {

Result<Plan> Plan::Make(const SiteTable& table,
                        std::span<const std::string> sites) {
  Plan plan(table.sizes().n_layers);
  for (const std::string& wanted : sites) {
    const bool exact = wanted != "all" && wanted.find('*') == std::string::npos;
    if (exact) {
      PELLUCID_ASSIGN_OR_RETURN(const Site* site, table.Find(wanted));
      plan.Add(table, *site, wanted);
      continue;
    }
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<const Site*> found,
                              table.Match(wanted));
    for (const Site* site : found) plan.Add(table, *site, site->name);
  }
  return plan;
}

std::size_t Plan::Numbers(const SiteTable& table, std::size_t tokens) const {
  std::size_t numbers = 0;
  for (std::size_t i = 0; i < recordings_.size(); ++i) {
    const bool matrix = IsAttentionMatrix(static_cast<Point>(i % kPointCount));
    for (const Recording& recording : recordings_[i]) {
      numbers += tokens *
                 (matrix ? tokens * table.sizes().n_heads : recording.columns);
    }
  }
  return numbers;
}

void Plan::Add(const SiteTable& table, const Site& site,
               const std::string& name) {
  std::vector<Recording>& there = recordings_[Index(site.key)];
  if (std::ranges::find(there, name, &Recording::name) != there.end()) return;
  std::vector<std::size_t> shape = table.FeatureShape(site);
  std::size_t columns = 1;
  for (const std::size_t size : shape) columns *= size;
  there.push_back(
      {name, site.head.value_or(0) * columns, columns, std::move(shape)});
}

}  // namespace pellucid
