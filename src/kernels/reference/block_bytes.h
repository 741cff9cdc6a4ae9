// Fields of one block of a quantised row, for the plain loops of decoding:
// little-endian, at any alignment, an element at a time.
#ifndef PELLUCID_KERNELS_REFERENCE_BLOCK_BYTES_H_
#define PELLUCID_KERNELS_REFERENCE_BLOCK_BYTES_H_

#include <cstddef>
#include <cstdint>

#include "kernels/reference/decode.h"

namespace pellucid::kernels::reference {

// The bytes of one block, little-endian fields at any alignment.
class Block {
 public:
  explicit Block(const std::byte* bytes) : bytes_(bytes) {}

  unsigned U8(std::size_t at) const {
    return std::to_integer<unsigned>(bytes_[at]);
  }
  int I8(std::size_t at) const { return static_cast<std::int8_t>(U8(at)); }
  std::uint16_t U16(std::size_t at) const {
    return static_cast<std::uint16_t>(U8(at) | U8(at + 1) << 8);
  }
  std::uint32_t U32(std::size_t at) const {
    return U16(at) | static_cast<std::uint32_t>(U16(at + 2)) << 16;
  }
  float Half(std::size_t at) const { return HalfToFloat(U16(at)); }
  // Element j of 32: low halves of the 16 bytes at `at`, then the high ones.
  int Nibble(std::size_t at, std::size_t j) const {
    const unsigned byte = U8(at + j % 16);
    return static_cast<int>(j < 16 ? byte & 15 : byte >> 4);
  }
  // The same with a fifth bit, bit j of the word at `high`.
  int FiveBits(std::size_t at, std::size_t high, std::size_t j) const {
    return Nibble(at, j) | static_cast<int>((U32(high) >> j & 1) << 4);
  }

 private:
  const std::byte* bytes_;
};

// The value of element j of a block.
using Element = float (*)(const Block&, std::size_t j);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_BLOCK_BYTES_H_
