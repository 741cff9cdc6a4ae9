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
  // A name to store a value under, and which columns of the point's it is.
  struct Recording {
    std::string name;
    std::size_t first_column = 0, columns = 0;
    std::vector<std::size_t> shape;  // behind [tokens]
  };

  // Names and patterns as in RunOptions::sites. kUsage: one of them is unknown.
  static Result<Plan> Make(const SiteTable& table,
                           std::span<const std::string> sites);

  // What to store of the point; empty: not recorded. Views live as long as the
  // plan.
  std::span<const Recording> RecordingsOf(SiteKey key) const {
    return recordings_[Index(key)];
  }
  bool Wants(SiteKey key) const { return !RecordingsOf(key).empty(); }

  // How many numbers a prompt of that many tokens records, under all names.
  // `table` is the one that the plan was made from.
  std::size_t Numbers(const SiteTable& table, std::size_t tokens) const;

 private:
  explicit Plan(std::size_t n_layers)
      : recordings_(kPointCount * (n_layers == 0 ? 1 : n_layers)) {}
  static std::size_t Index(SiteKey key) {
    return key.layer * kPointCount + static_cast<std::size_t>(key.point);
  }
  void Add(const SiteTable& table, const Site& site, const std::string& name);

  std::vector<std::vector<Recording>> recordings_;  // [layer, point]
};

}  // namespace pellucid

#endif  // PELLUCID_TRACE_PLAN_H_
