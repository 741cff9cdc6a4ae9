// Products of sizes that a file states: nothing instead of a wrapped result, so
// that no check can be passed by a number that overflowed.
#ifndef PELLUCID_BASE_CHECKED_H_
#define PELLUCID_BASE_CHECKED_H_

#include <cstdint>
#include <optional>

namespace pellucid {

inline std::optional<std::uint64_t> CheckedMultiply(std::uint64_t a,
                                                    std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

}  // namespace pellucid

#endif  // PELLUCID_BASE_CHECKED_H_
