#include "analysis/pulled_weights.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/buffer.h"
#include "kernels/decode.h"

namespace pellucid {
namespace {

constexpr std::size_t kBlockRows = 32;  // of one sum: fixes the order
constexpr std::size_t kWave = 16;       // blocks whose sums are held at once

// Adds the rows of w from `begin` on to `to`, in their order.
void AddRows(const WeightView& w, std::span<const double> direction,
             std::size_t begin, std::size_t count, PulledWeights& to) {
  Buffer rows(count, w.cols);
  kernels::DecodeRows(w, begin, rows.view());
  for (std::size_t r = 0; r < count; ++r) {
    const double g = direction[begin + r];
    const float* row = rows.view().Row(r);
    for (std::size_t j = 0; j < w.cols; ++j) {
      const double term = g * static_cast<double>(row[j]);
      to.sums[j] += term;
      to.magnitudes[j] += std::fabs(term);
    }
  }
}

}  // namespace

PulledWeights PullBack(const TaskPool& pool, const WeightView& w,
                       std::span<const double> direction,
                       const std::stop_token& stop) {
  const auto zeros = [&] {
    return PulledWeights{std::vector<double>(w.cols),
                         std::vector<double>(w.cols)};
  };
  PulledWeights out = zeros();
  const std::size_t blocks = (w.rows + kBlockRows - 1) / kBlockRows;
  for (std::size_t first = 0; first < blocks; first += kWave) {
    std::vector<PulledWeights> parts(std::min(kWave, blocks - first), zeros());
    pool.For(
        parts.size(),
        [&](std::size_t i) {
          const std::size_t begin = (first + i) * kBlockRows;
          AddRows(w, direction, begin, std::min(kBlockRows, w.rows - begin),
                  parts[i]);
        },
        stop);
    for (const PulledWeights& part : parts) {
      for (std::size_t j = 0; j < w.cols; ++j) {
        out.sums[j] += part.sums[j];
        out.magnitudes[j] += part.magnitudes[j];
      }
    }
  }
  return out;
}

}  // namespace pellucid
