// What the integers of a row are multiples of. Private to
// kernels/integer_product.h; shared by its vector and its plain form.
#ifndef PELLUCID_KERNELS_INTEGER_SCALE_H_
#define PELLUCID_KERNELS_INTEGER_SCALE_H_

#include <bit>
#include <cstdint>
#include <limits>

#include "kernels/integer_layout.h"

namespace pellucid::kernels {

// Of |x|, in whose order they are; infinity and NaN are above all others.
inline constexpr std::uint32_t kMagnitudeMask = 0x7fffffff;
inline std::uint32_t MagnitudeBits(float x) {
  return std::bit_cast<std::uint32_t>(x) & kMagnitudeMask;
}

inline constexpr std::uint32_t kLargestFinite = 0x7f7fffff;

struct IntegerScale {
  float scale;    // value of the integer 1
  float inverse;  // integers are x * inverse, to nearest, ties to even; 0: all
                  // are 0
};

// For rows whose greatest MagnitudeBits are these.
inline IntegerScale IntegerScaleOf(std::uint32_t max_bits) {
  const auto max = std::bit_cast<float>(max_bits);
  if (max_bits > kLargestFinite) {
    return {std::numeric_limits<float>::quiet_NaN(), 0};
  }
  const float scale = max / kMaxInteger, inverse = kMaxInteger / max;
  const bool tiny = !(inverse <= std::numeric_limits<float>::max());
  return tiny ? IntegerScale{0, 0} : IntegerScale{scale, inverse};
}

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_INTEGER_SCALE_H_
