// How estimates and what they estimate agree: ranks, and shares of squares.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "pellucid/gradient_attribution.h"

namespace pellucid {
namespace {

// From 0; equal numbers have the mean of theirs.
std::vector<double> RanksOf(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) {
      ++end;
    }
    const double mean = static_cast<double>(begin + end - 1) / 2;
    for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = mean;
    begin = end;
  }
  return ranks;
}

}  // namespace

std::optional<double> RankCorrelation(std::span<const double> a,
                                      std::span<const double> b) {
  if (a.size() != b.size() || a.empty()) return {};
  const std::vector<double> x = RanksOf(a), y = RanksOf(b);
  const double mean = static_cast<double>(a.size() - 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  if (xx == 0 || yy == 0) return {};
  return xy / std::sqrt(xx * yy);
}

Result<EstimateAgreement> CompareEstimate(const PatchGrid& estimate,
                                          const PatchGrid& truth,
                                          PatchDirection direction) {
  if (estimate.rows != truth.rows || estimate.columns != truth.columns ||
      estimate.metric != truth.metric) {
    return UsageError(
        "attr: compare: grids of different rows, columns or metrics; ask both "
        "for the same cells");
  }
  const auto changed = [&](const PatchGrid& grid) {
    return direction == PatchDirection::kDenoise ? grid.corrupt : grid.clean;
  };
  EstimateAgreement agreement;
  double error = 0, size = 0;
  for (std::size_t r = 0; r < truth.values.size(); ++r) {
    for (std::size_t c = 0; c < truth.values[r].size(); ++c) {
      const double guess = estimate.values[r][c] - changed(estimate);
      const double effect = truth.values[r][c] - changed(truth);
      if (guess == 0 && effect == 0) continue;
      agreement.estimates.push_back(guess);
      agreement.effects.push_back(effect);
      error += (guess - effect) * (guess - effect);
      size += effect * effect;
    }
  }
  agreement.rank_correlation =
      RankCorrelation(agreement.estimates, agreement.effects);
  if (size > 0) agreement.explained = 1 - error / size;
  return agreement;
}

}  // namespace pellucid
