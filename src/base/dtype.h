// The element types of weights: how many elements share a block, and how many
// bytes a block has (ggml's table; formats with one element a block are plain).
//
// The last group is MLX's: elements of some bits each, packed without a gap
// from the lowest bit of a row's first byte on, that say nothing without the
// scales of a tensor beside them (GroupScales in base/matrix.h).
#ifndef PELLUCID_BASE_DTYPE_H_
#define PELLUCID_BASE_DTYPE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pellucid {

enum class DType : std::uint8_t {
  kF32,
  kF16,
  kBF16,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kF64,
  kF8E4M3,  // 4 bits of exponent, 3 of mantissa, no infinities
  kF8E5M2,
  kF8E8M0,  // a power of two: only of scales
  kQ2_K,
  kQ3_K,
  kQ8_1,
  kQ8_K,
  kIQ4_NL,
  kIQ4_XS,
  kMXFP4,
  kNVFP4,
  kU1,  // unsigned integers of so many bits
  kU2,
  kU3,
  kU4,
  kU5,
  kU6,
  kU8,
  kE2M1,  // floats of 4 bits
};

struct DTypeInfo {
  std::string_view name;       // "F32", "Q4_1": as the format spells it
  std::size_t block_elements;  // consecutive elements of a row in one block
  std::size_t block_bytes;
};

const DTypeInfo& InfoOf(DType dtype);

// Bytes of a row of `elements`, which is a multiple of block_elements.
inline std::size_t RowBytes(DType dtype, std::size_t elements) {
  const DTypeInfo& info = InfoOf(dtype);
  return elements / info.block_elements * info.block_bytes;
}

}  // namespace pellucid

#endif  // PELLUCID_BASE_DTYPE_H_
