#include "model/families/alibi.h"

#include <bit>
#include <cmath>

namespace pellucid::families {
namespace {

float SlopeBase(std::size_t n_heads) {
  return static_cast<float>(std::exp2(-8.0 / static_cast<double>(n_heads)));
}

float Power(float base, std::size_t exponent) {
  return static_cast<float>(
      std::pow(static_cast<double>(base), static_cast<double>(exponent)));
}

}  // namespace

std::vector<float> AlibiSlopes(std::size_t n_heads) {
  const std::size_t below = std::bit_floor(n_heads);
  const float base = SlopeBase(below), other = SlopeBase(2 * below);
  std::vector<float> slopes;
  slopes.reserve(n_heads);
  for (std::size_t i = 1; i <= below; ++i) slopes.push_back(Power(base, i));
  for (std::size_t i = 1; slopes.size() < n_heads; i += 2) {
    slopes.push_back(Power(other, i));
  }
  return slopes;
}

}  // namespace pellucid::families
