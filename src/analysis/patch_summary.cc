// Means over pairs of prompts, with bootstrap intervals.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/random.h"
#include "pellucid/patch.h"

namespace pellucid {
namespace {

// Which pairs each bootstrap sample holds: the same for every cell, so that
// cells can be compared.
class Bootstrap {
 public:
  Bootstrap(std::size_t n, std::uint64_t seed, std::size_t resamples)
      : n_(n), drawn_(n * resamples) {
    for (std::size_t i = 0; i < drawn_.size(); ++i) {
      const double u =
          PhiloxUniform({static_cast<std::uint32_t>(i),
                         static_cast<std::uint32_t>(i >> 32), 0, 0},
                        seed)[0];
      drawn_[i] =
          std::min(static_cast<std::size_t>(u * static_cast<double>(n)), n - 1);
    }
  }

  PatchInterval Of(std::span<const double> values) const {
    PatchInterval out;
    for (const double value : values) out.mean += value;
    out.mean /= static_cast<double>(n_);
    out.low = out.high = out.mean;
    if (drawn_.empty()) return out;
    std::vector<double> means;
    for (std::size_t begin = 0; begin < drawn_.size(); begin += n_) {
      double sum = 0;
      for (std::size_t i = 0; i < n_; ++i) sum += values[drawn_[begin + i]];
      means.push_back(sum / static_cast<double>(n_));
    }
    std::ranges::sort(means);
    out.low = Percentile(means, 0.025);
    out.high = Percentile(means, 0.975);
    return out;
  }

 private:
  // Of sorted values, with what lies between two of them by proportion.
  static double Percentile(std::span<const double> sorted, double share) {
    const double at = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    const double part = at - static_cast<double>(below);
    return sorted[below] + part * (sorted[above] - sorted[below]);
  }

  std::size_t n_;
  std::vector<std::size_t> drawn_;  // [resamples, n]
};

}  // namespace

Result<PatchSummary> SummarisePatches(std::span<const PatchGrid> grids,
                                      std::uint64_t seed,
                                      std::size_t resamples) {
  if (grids.empty()) {
    return UsageError("patch: summary: there are no pairs; give at least one");
  }
  const PatchGrid& first = grids.front();
  for (std::size_t i = 0; i < grids.size(); ++i) {
    if (grids[i].rows == first.rows && grids[i].columns == first.columns) {
      continue;
    }
    return UsageError(fmt::format(
        "patch: summary: pair {} has a grid of {} x {}, the first one of {} x "
        "{}; use prompts of one length, or a grid without positions",
        i + 1, grids[i].rows.size(), grids[i].columns.size(), first.rows.size(),
        first.columns.size()));
  }
  const Bootstrap bootstrap(grids.size(), seed, resamples);
  const auto over_pairs = [&](const auto& number) {
    std::vector<double> values;
    for (const PatchGrid& grid : grids) values.push_back(number(grid));
    return bootstrap.Of(values);
  };
  PatchSummary out;
  out.rows = first.rows;
  out.columns = first.columns;
  out.pairs = grids.size();
  out.clean = over_pairs([](const PatchGrid& g) { return g.clean; });
  out.corrupt = over_pairs([](const PatchGrid& g) { return g.corrupt; });
  for (std::size_t r = 0; r < out.rows.size(); ++r) {
    out.values.emplace_back();
    out.recovery.emplace_back();
    for (std::size_t c = 0; c < out.columns.size(); ++c) {
      out.values[r].push_back(
          over_pairs([&](const PatchGrid& g) { return g.values[r][c]; }));
      // A pair without a recovery leaves the cell without one.
      const bool all = std::ranges::all_of(grids, [&](const PatchGrid& g) {
        return g.recovery[r][c].has_value();
      });
      out.recovery[r].push_back(
          all ? std::optional(over_pairs(
                    [&](const PatchGrid& g) { return *g.recovery[r][c]; }))
              : std::nullopt);
    }
  }
  return out;
}

}  // namespace pellucid
