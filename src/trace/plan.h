// What a run records, resolved from site names before it starts, so that a
// wrong name fails before any work is done.
#ifndef PELLUCID_TRACE_PLAN_H_
#define PELLUCID_TRACE_PLAN_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "pellucid/result.h"
#include "trace/site.h"
#include "trace/site_table.h"

namespace pellucid {

class Plan {
 public:
  // Names and patterns as in RunOptions::sites. kUsage: one of them is unknown.
  static Result<Plan> Make(const SiteTable& table,
                           std::span<const std::string> sites);

  // Names to store the point under; empty: not recorded. Views live as long as
  // the plan.
  std::span<const std::string> NamesOf(SiteKey key) const {
    return names_[Index(key)];
  }
  bool Wants(SiteKey key) const { return !NamesOf(key).empty(); }

  // How many numbers a prompt of that many tokens records, under all names.
  // `table` is the one that the plan was made from.
  std::size_t Numbers(const SiteTable& table, std::size_t tokens) const;

 private:
  explicit Plan(std::size_t n_layers)
      : names_(kPointCount * (n_layers == 0 ? 1 : n_layers)) {}
  static std::size_t Index(SiteKey key) {
    return key.layer * kPointCount + static_cast<std::size_t>(key.point);
  }
  void Add(SiteKey key, const std::string& name);

  std::vector<std::vector<std::string>> names_;  // [layer, point]
};

}  // namespace pellucid

#endif  // PELLUCID_TRACE_PLAN_H_
