#include "trace/plan.h"

#include <algorithm>

namespace pellucid {

Result<Plan> Plan::Make(const SiteTable& table,
                        std::span<const std::string> sites) {
  Plan plan(table.sizes().n_layers);
  for (const std::string& wanted : sites) {
    const bool exact = wanted != "all" && wanted.find('*') == std::string::npos;
    if (exact) {
      PELLUCID_ASSIGN_OR_RETURN(const Site* site, table.Find(wanted));
      plan.Add(site->key, wanted);
      continue;
    }
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<const Site*> found,
                              table.Match(wanted));
    for (const Site* site : found) plan.Add(site->key, site->name);
  }
  return plan;
}

std::size_t Plan::Numbers(const SiteTable& table, std::size_t tokens) const {
  std::size_t numbers = 0;
  for (const Site& site : table.sites()) {
    std::size_t each = tokens;
    if (IsAttentionMatrix(site.key.point)) {
      each *= tokens * table.sizes().n_heads;
    } else {
      for (const std::size_t size : table.FeatureShape(site.key.point)) {
        each *= size;
      }
    }
    numbers += each * NamesOf(site.key).size();
  }
  return numbers;
}

void Plan::Add(SiteKey key, const std::string& name) {
  std::vector<std::string>& names = names_[Index(key)];
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(name);
  }
}

}  // namespace pellucid
