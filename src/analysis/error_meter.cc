#include "analysis/error_meter.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/buffer.h"

namespace pellucid {
namespace {

constexpr std::size_t kOneIn = 256, kLeastCells = 8;

// Of `count` cells, evenly spread.
std::vector<std::size_t> ChooseCells(std::size_t count) {
  const std::size_t some =
      std::min(count, std::max(count / kOneIn, kLeastCells));
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < some; ++i) {
    chosen.push_back((i * count + count / 2) / some);
  }
  return chosen;
}

double ProbOf(const TopLogit& token, const DecodedCell& cell) {
  return std::exp(double{token.logit} - cell.statistics.logz);
}

}  // namespace

Status ErrorMeter::Add(ConstMatrixView vectors,
                       std::span<const DecodedCell> decoded) {
  const std::vector<std::size_t> chosen = ChooseCells(decoded.size());
  // Each is decoded as if it were all that a position has.
  Buffer normed(chosen.size(), vectors.cols);
  LensCells some;
  some.normed = normed.view();
  some.offsets.push_back(0);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    std::ranges::copy(vectors.RowSpan(chosen[i]), normed.view().Row(i));
    some.offsets.push_back(i + 1);
  }
  some.watched.resize(chosen.size());
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<DecodedCell> exact,
                            RunLensPass(model_.pool, model_.head, some,
                                        {.top_k = top_k_}, stop_, {}));
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const DecodedCell& fast = decoded[chosen[i]];
    bool same = true;
    for (std::size_t k = 0; k < fast.top.size(); ++k) {
      same = same && fast.top[k].id == exact[i].top[k].id;
      const double error = std::abs(ProbOf(fast.top[k], fast) -
                                    ProbOf(exact[i].top[k], exact[i]));
      worst_.max_abs_prob = std::max(worst_.max_abs_prob, error);
      prob_sum_ += error;
      ++probs_;
    }
    if (same) ++equal_;
    worst_.max_abs_logz =
        std::max(worst_.max_abs_logz,
                 std::abs(fast.statistics.logz - exact[i].statistics.logz));
  }
  worst_.cells += chosen.size();
  return {};
}

LensError ErrorMeter::Total() const {
  LensError total = worst_;
  if (probs_ > 0) total.mean_abs_prob = prob_sum_ / static_cast<double>(probs_);
  if (total.cells > 0) {
    total.top_k_equal =
        static_cast<double>(equal_) / static_cast<double>(total.cells);
  }
  return total;
}

}  // namespace pellucid
