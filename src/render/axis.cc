#include "render/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pellucid::render {
namespace {

constexpr double kSlack = 1e-9;  // of a step: what division leaves

// The least of 1, 2, 5, 10, 20, ... that makes at most `most` steps of
// `range`; fractions too.
double NiceStep(double range, std::size_t most) {
  const double least =
      range / static_cast<double>(std::max<std::size_t>(1, most));
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (digit * power >= least * (1 - kSlack)) return digit * power;
  }
  return 10 * power;
}

}  // namespace

Axis Axis::Linear(double low, double high, std::size_t most, Labels labels) {
  if (!(high > low)) high = low + 1;
  const double step = NiceStep(high - low, most);
  const double first = std::floor(low / step + kSlack);
  const double last = std::ceil(high / step - kSlack);
  Axis axis;
  axis.low_ = first * step;
  axis.high_ = last * step;
  for (double i = first; i <= last; ++i) {
    const double value = i == 0 ? 0 : i * step;  // never -0
    axis.ticks_.push_back({value, labels == Labels::kPercent
                                      ? fmt::format("{:g}%", value * 100)
                                      : fmt::format("{:g}", value)});
  }
  return axis;
}

Axis Axis::Layers(int first, int last, std::size_t most) {
  const int begin = std::max(first, 0);
  const double range = std::max(1, last - begin);
  const int step = std::max(1, static_cast<int>(NiceStep(range, most)));
  Axis axis;
  axis.low_ = first;
  axis.high_ = last > first ? last : first + 1;
  if (first < 0) axis.ticks_.push_back({-1.0, "embed"});
  for (int layer = (begin + step - 1) / step * step; layer <= last;
       layer += step) {
    // Labels beside "embed" or the last layer's would run into them.
    const bool near_embed = first < 0 && layer == 0 && step > 1;
    if (near_embed || (layer != last && last - layer < (step + 1) / 2)) {
      continue;
    }
    axis.ticks_.push_back({static_cast<double>(layer), std::to_string(layer)});
  }
  if (last >= 0 && (axis.ticks_.empty() || axis.ticks_.back().value < last)) {
    axis.ticks_.push_back({static_cast<double>(last), std::to_string(last)});
  }
  if (first >= 0 && axis.ticks_.front().value > first) {
    axis.ticks_.insert(axis.ticks_.begin(),
                       {static_cast<double>(first), std::to_string(first)});
  }
  return axis;
}

Axis Axis::Ranks(double highest) {
  Axis axis;
  axis.ranks_ = true;
  axis.low_ = 10;
  while (axis.low_ < highest) axis.low_ *= 10;
  for (double rank = axis.low_; rank >= 1; rank /= 10) {
    axis.ticks_.push_back({rank, fmt::format("{:.0f}", rank)});
  }
  return axis;
}

Axis Axis::Powers(double low, double high) {
  const double first = std::floor(std::log10(low) + kSlack);
  const double last = std::max(first + 1, std::ceil(std::log10(high) - kSlack));
  Axis axis;
  axis.logarithmic_ = true;
  axis.low_ = std::pow(10, first);
  axis.high_ = std::pow(10, last);
  for (double power = first; power <= last; ++power) {
    const double value = std::pow(10, power);
    axis.ticks_.push_back({value, fmt::format("{:g}", value)});
  }
  return axis;
}

double Axis::At(double value) const {
  double at = (value - low_) / (high_ - low_);
  if (ranks_) at = 1 - std::log(std::max(value, 1.0)) / std::log(low_);
  if (logarithmic_) {
    at = std::log(std::max(value, low_) / low_) / std::log(high_ / low_);
  }
  return std::clamp(at, 0.0, 1.0);
}

}  // namespace pellucid::render
