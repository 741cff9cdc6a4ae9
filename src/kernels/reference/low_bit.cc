#include "kernels/reference/low_bit.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace pellucid::kernels::reference {
namespace {

// What four bits of IQ4_NL and IQ4_XS mean.
constexpr std::array<int, 16> kUneven = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// What four bits of ggml's MXFP4 and NVFP4 mean: E2M1, doubled.
constexpr std::array<int, 16> kDoubledE2M1 = {0, 1,  2,  3,  4,  6,  8,  12,
                                              0, -1, -2, -3, -4, -6, -8, -12};

float ToFloat(int q) { return static_cast<float>(q); }

int FromTable(const std::array<int, 16>& table, int q) {
  return table[static_cast<std::size_t>(q)];
}

// 2 bits of element j of 256: four times 32 elements in each 32 bytes.
int TwoBits(const Block& b, std::size_t at, std::size_t j) {
  const unsigned byte = b.U8(at + j / 128 * 32 + j % 32);
  return static_cast<int>(byte >> (j % 128 / 32 * 2) & 3);
}

float Q2_K(const Block& b, std::size_t j) {
  const unsigned byte = b.U8(j / 16);
  const float d = b.Half(80) * static_cast<float>(byte & 15);
  const float m = b.Half(82) * static_cast<float>(byte >> 4);
  const float product = d * ToFloat(TwoBits(b, 16, j));
  return product - m;
}

float Q3_K(const Block& b, std::size_t j) {
  const std::size_t i = j / 16;
  const unsigned low = i < 8 ? b.U8(96 + i) & 15 : b.U8(96 + i - 8) >> 4;
  const unsigned high = b.U8(104 + i % 4) >> (2 * (i / 4)) & 3;
  const int scale = static_cast<int>(low | high << 4) - 32;
  const bool bit = (b.U8(j % 32) >> (j / 32) & 1) != 0;
  const int q = TwoBits(b, 32, j) - (bit ? 0 : 4);
  return (b.Half(108) * ToFloat(scale)) * ToFloat(q);
}

float Q8_1(const Block& b, std::size_t j) {
  return ToFloat(b.I8(4 + j)) * b.Half(0);
}

float Q8_K(const Block& b, std::size_t j) {
  return ToFloat(b.I8(4 + j)) * std::bit_cast<float>(b.U32(0));
}

float IQ4_NL(const Block& b, std::size_t j) {
  return b.Half(0) * ToFloat(FromTable(kUneven, b.Nibble(2, j)));
}

float IQ4_XS(const Block& b, std::size_t j) {
  const std::size_t i = j / 32;
  const unsigned low = b.U8(4 + i / 2) >> (4 * (i % 2)) & 15;
  const unsigned high = static_cast<unsigned>(b.U16(2)) >> (2 * i) & 3;
  const float d = b.Half(0) * ToFloat(static_cast<int>(low | high << 4) - 32);
  return d * ToFloat(FromTable(kUneven, b.Nibble(8 + 16 * i, j % 32)));
}

float MXFP4(const Block& b, std::size_t j) {
  const float scale = std::ldexp(1.0f, static_cast<int>(b.U8(0)) - 128);
  return ToFloat(FromTable(kDoubledE2M1, b.Nibble(1, j))) * scale;
}

// A positive float of 4 bits of exponent, 3 of mantissa.
float PositiveE4M3(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 3 & 15);
  const int mantissa = static_cast<int>(bits & 7);
  return exponent == 0 ? std::ldexp(ToFloat(mantissa), -9)
                       : std::ldexp(ToFloat(8 + mantissa), exponent - 10);
}

float NVFP4(const Block& b, std::size_t j) {
  const unsigned scale = b.U8(j / 16);
  const float d = scale == 0x7f ? 0 : PositiveE4M3(scale) * 0.5f;
  const unsigned byte = b.U8(4 + j / 16 * 8 + j % 8);
  const unsigned q = j % 16 < 8 ? byte & 15 : byte >> 4;
  return d * ToFloat(FromTable(kDoubledE2M1, static_cast<int>(q)));
}

float F64(const Block& b, std::size_t) {
  const std::uint64_t bits = b.U32(0) | std::uint64_t{b.U32(4)} << 32;
  return static_cast<float>(std::bit_cast<double>(bits));
}

// A NaN has the bits that it has by way of half precision.
float F8E4M3(const Block& b, std::size_t) {
  const unsigned bits = b.U8(0) & 127;
  const float magnitude =
      bits == 127 ? HalfToFloat(0x7f80) : PositiveE4M3(bits);
  return b.U8(0) < 128 ? magnitude : -magnitude;
}

float F8E5M2(const Block& b, std::size_t) {
  return HalfToFloat(static_cast<std::uint16_t>(b.U8(0) << 8));
}

float F8E8M0(const Block& b, std::size_t) {
  if (b.U8(0) == 255) return std::numeric_limits<float>::quiet_NaN();
  return std::ldexp(1.0f, static_cast<int>(b.U8(0)) - 127);
}

// kBits bits of a stream that goes from the lowest bit of a byte to the highest
// and on to the next byte.
template <std::size_t kBits>
float Packed(const Block& b, std::size_t j) {
  unsigned q = 0;
  for (std::size_t i = 0; i < kBits; ++i) {
    const std::size_t at = j * kBits + i;
    q |= (b.U8(at / 8) >> (at % 8) & 1) << i;
  }
  return static_cast<float>(q);
}

float E2M1(const Block& b, std::size_t j) {
  const int q = static_cast<int>(Packed<4>(b, j));
  const float magnitude = ToFloat(FromTable(kDoubledE2M1, q & 7)) * 0.5f;
  return q < 8 ? magnitude : -magnitude;
}

}  // namespace

Element LowBitElementOf(DType dtype) {
  switch (dtype) {
    case DType::kQ2_K:
      return Q2_K;
    case DType::kQ3_K:
      return Q3_K;
    case DType::kQ8_1:
      return Q8_1;
    case DType::kQ8_K:
      return Q8_K;
    case DType::kIQ4_NL:
      return IQ4_NL;
    case DType::kIQ4_XS:
      return IQ4_XS;
    case DType::kMXFP4:
      return MXFP4;
    case DType::kNVFP4:
      return NVFP4;
    case DType::kF64:
      return F64;
    case DType::kF8E4M3:
      return F8E4M3;
    case DType::kF8E5M2:
      return F8E5M2;
    case DType::kF8E8M0:
      return F8E8M0;
    case DType::kU1:
      return Packed<1>;
    case DType::kU2:
      return Packed<2>;
    case DType::kU3:
      return Packed<3>;
    case DType::kU4:
      return Packed<4>;
    case DType::kU5:
      return Packed<5>;
    case DType::kU6:
      return Packed<6>;
    case DType::kU8:
      return Packed<8>;
    default:
      return E2M1;
  }
}

}  // namespace pellucid::kernels::reference
