// Weight matrices of any element type for tests of products.
// Bytes are random but for what would make numbers huge or not finite.
#ifndef PELLUCID_TESTS_TESTUTIL_RANDOM_WEIGHTS_H_
#define PELLUCID_TESTS_TESTUTIL_RANDOM_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/dtype.h"
#include "base/matrix.h"
#include "testutil/noise.h"

namespace pellucid::testutil {

// Random blocks of any dtype; the half-precision scales are made finite and
// moderate by clearing the top exponent bits.
struct RandomWeights {
  RandomWeights(DType dtype, std::size_t rows, std::size_t cols,
                std::uint64_t seed)
      : bytes(rows * RowBytes(dtype, cols)) {
    Random random(seed);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random.Below(256));
    const DTypeInfo& info = InfoOf(dtype);
    for (std::size_t at = 0; at < bytes.size(); at += info.block_bytes) {
      if (dtype == DType::kF32) {
        bytes[at + 3] = (bytes[at + 3] & std::byte{0x80}) | std::byte{0x3e};
      } else if (dtype == DType::kQ6_K) {
        bytes[at + 209] &= std::byte{0xb7};
      } else {
        bytes[at + 1] &= std::byte{0xb7};
        bytes[at + 3 % info.block_bytes] &= std::byte{0xb7};
      }
    }
    view = {.dtype = dtype,
            .data = bytes.data(),
            .rows = rows,
            .cols = cols,
            .row_bytes = RowBytes(dtype, cols),
            .row_order = {}};
  }
  std::vector<std::byte> bytes;
  WeightView view;
};

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_RANDOM_WEIGHTS_H_
