#include "analysis/principal.h"

#include <algorithm>
#include <cmath>

namespace pellucid {
namespace {

// What a step turns the direction by, as a sine: small enough to end at, and to
// be content with after the last step.
constexpr double kSettled = 1e-13, kEnough = 1e-9;

double Dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

Result<Principal> FirstPrincipal(std::span<const double> rows,
                                 std::size_t width) {
  const std::size_t count = rows.size() / width;
  const auto row = [&](std::size_t r) {
    return rows.subspan(r * width, width);
  };
  std::size_t largest = 0;
  double largest_square = 0;
  for (std::size_t r = 0; r < count; ++r) {
    const double square = Dot(row(r), row(r));
    if (square <= largest_square) continue;
    largest = r;
    largest_square = square;
  }
  if (largest_square == 0) {
    return UsageError(
        "steer: pairs: their differences are zero; give texts "
        "that differ");
  }
  Principal found;
  found.direction.assign(row(largest).begin(), row(largest).end());
  for (double& x : found.direction) x /= std::sqrt(largest_square);
  std::vector<double> next(width);
  double turned = 1;
  for (std::size_t step = 0; step < kMostSteps && turned > kSettled; ++step) {
    std::ranges::fill(next, 0.0);
    for (std::size_t r = 0; r < count; ++r) {
      const double along = Dot(row(r), found.direction);
      for (std::size_t i = 0; i < width; ++i) next[i] += along * row(r)[i];
    }
    const double sum = Dot(next, found.direction);  // of squares along it
    const double length = std::sqrt(Dot(next, next));
    found.mean_square = sum / static_cast<double>(count);
    turned = 0;
    for (std::size_t i = 0; i < width; ++i) {
      next[i] /= length;
      const double aside = next[i] - sum / length * found.direction[i];
      turned += aside * aside;
    }
    turned = std::sqrt(turned);
    std::swap(found.direction, next);
  }
  if (turned > kEnough) {
    return UsageError(
        "steer: pairs: the two largest components of their "
        "differences are nearly equally large; give more pairs, "
        "or use the mean");
  }
  return found;
}

}  // namespace pellucid
