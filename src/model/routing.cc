#include "model/routing.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace pellucid {

std::vector<std::vector<Routed>> RouteTokens(const ExpertsSpec& spec,
                                             ConstMatrixView probabilities) {
  std::vector<std::vector<Routed>> by_expert(spec.n_experts);
  std::vector<std::size_t> order(spec.n_experts);
  for (std::size_t t = 0; t < probabilities.rows; ++t) {
    const std::span<const float> row = probabilities.RowSpan(t);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(
        order, [&](std::size_t a, std::size_t b) { return row[a] > row[b]; });
    float sum = 1;
    if (spec.renormalise) {
      sum = 0;
      for (std::size_t i = 0; i < spec.n_active; ++i) sum += row[order[i]];
    }
    for (std::size_t i = 0; i < spec.n_active; ++i) {
      by_expert[order[i]].push_back({t, row[order[i]] / sum, sum});
    }
  }
  return by_expert;
}

}  // namespace pellucid
