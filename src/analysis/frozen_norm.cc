#include "analysis/frozen_norm.h"

#include <cmath>
#include <cstddef>

#include "analysis/rounding.h"

namespace pellucid {

FrozenNorm::FrozenNorm(const ArchSpec& spec, const NormWeights& weights,
                       std::span<const float> row)
    : spec_(spec), weights_(weights), row_(row) {
  if (weights.empty()) return;
  const auto count = static_cast<double>(row.size());
  double sum = 0, magnitudes = 0;
  for (const double x : row) {
    sum += x;
    magnitudes += std::fabs(x);
  }
  mean_magnitude_ = magnitudes / count;
  if (HasMean()) mean_ = sum / count;
  double squares = 0;
  for (const double x : row) squares += (x - mean_) * (x - mean_);
  scale_ = 1 / std::sqrt(squares / count + static_cast<double>(spec.norm_eps));
}

double FrozenNorm::PullBack(std::vector<double>& direction) const {
  if (weights_.empty()) return 0;
  double bias = 0, sum = 0;
  for (std::size_t k = 0; k < direction.size(); ++k) {
    if (!weights_.bias.empty()) {
      bias += direction[k] * static_cast<double>(weights_.bias[k]);
    }
    direction[k] *= scale_ * static_cast<double>(weights_.weight[k]);
    sum += direction[k];
  }
  if (HasMean()) {
    const double mean = sum / static_cast<double>(direction.size());
    for (double& g : direction) g -= mean;
  }
  return bias;
}

// The scale: a sum of squares whose relative error the root halves, a division,
// eps, root and reciprocal; then two multiplications. LayerNorm adds the error
// of its mean, which is relative to the mean of |x|, and the subtraction.
double FrozenNorm::Rounding(std::span<const double> direction) const {
  if (weights_.empty()) return 0;
  const double sum = SumRoundings(row_.size());
  const double relative = sum / 2 + (HasMean() ? 7 : 5);
  const double mean = HasMean() ? (sum + 1) * mean_magnitude_ : 0;
  double bound = 0;
  for (std::size_t k = 0; k < row_.size(); ++k) {
    const double gain =
        std::fabs(scale_ * static_cast<double>(weights_.weight[k]));
    const double deviation = std::fabs(static_cast<double>(row_[k]) - mean_);
    double error = gain * (deviation * relative + mean);
    if (!weights_.bias.empty()) {
      error +=
          gain * deviation + std::fabs(static_cast<double>(weights_.bias[k]));
    }
    bound += std::fabs(direction[k]) * error;
  }
  return bound * kUnitRoundoff;
}

}  // namespace pellucid
