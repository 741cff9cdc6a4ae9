// The element types of weights: how many elements share a block, and how many
// bytes a block has (ggml's table; formats with one element a block are plain).
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
};

struct DTypeInfo {
  std::string_view name;       // as ggml spells it: "F32", "Q4_1"
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
