#include "kernels/reference/decode.h"

#include <bit>

#include "kernels/reference/block_bytes.h"
#include "kernels/reference/low_bit.h"

namespace pellucid::kernels::reference {
namespace {

float ToFloat(int q) { return static_cast<float>(q); }

float Q4_0(const Block& b, std::size_t j) {
  return ToFloat(b.Nibble(2, j) - 8) * b.Half(0);
}

float Q4_1(const Block& b, std::size_t j) {
  const float product = ToFloat(b.Nibble(4, j)) * b.Half(0);
  return product + b.Half(2);
}

float Q5_0(const Block& b, std::size_t j) {
  return ToFloat(b.FiveBits(6, 2, j) - 16) * b.Half(0);
}

float Q5_1(const Block& b, std::size_t j) {
  const float product = ToFloat(b.FiveBits(8, 4, j)) * b.Half(0);
  return product + b.Half(2);
}

float Q8_0(const Block& b, std::size_t j) {
  return ToFloat(b.I8(2 + j)) * b.Half(0);
}

// (d * scale) * q - (dmin * min): eight 6-bit pairs (scale, min) lie in 12
// bytes, the upper two bits of the last four pairs apart from the lower ones.
float ScaledMinusMin(const Block& b, std::size_t pair, unsigned q) {
  const std::size_t s = 4;  // the 12 bytes
  unsigned scale = b.U8(s + pair) & 63, min = b.U8(s + pair + 4) & 63;
  if (pair >= 4) {
    scale = (b.U8(s + pair + 4) & 15) | (b.U8(s + pair - 4) >> 6) << 4;
    min = b.U8(s + pair + 4) >> 4 | (b.U8(s + pair) >> 6) << 4;
  }
  const float d = b.Half(0) * static_cast<float>(scale);
  const float m = b.Half(2) * static_cast<float>(min);
  const float product = d * static_cast<float>(q);
  return product - m;
}

float Q4_K(const Block& b, std::size_t j) {
  const std::size_t pair = j / 32;
  const unsigned byte = b.U8(16 + pair / 2 * 32 + j % 32);
  return ScaledMinusMin(b, pair, pair % 2 == 0 ? byte & 15 : byte >> 4);
}

float Q5_K(const Block& b, std::size_t j) {
  const std::size_t pair = j / 32;
  const unsigned byte = b.U8(48 + pair / 2 * 32 + j % 32);
  const unsigned low = pair % 2 == 0 ? byte & 15 : byte >> 4;
  const unsigned high = b.U8(16 + j % 32) >> pair & 1;
  return ScaledMinusMin(b, pair, low | high << 4);
}

float Q6_K(const Block& b, std::size_t j) {
  const std::size_t half = j / 128, quarter = j % 128 / 32, l = j % 32;
  const unsigned byte = b.U8(64 * half + 32 * (quarter % 2) + l);
  const unsigned low = quarter < 2 ? byte & 15 : byte >> 4;
  const unsigned high = b.U8(128 + 32 * half + l) >> (2 * quarter) & 3;
  const int q = static_cast<int>(low | high << 4) - 32;
  const int scale = b.I8(192 + j / 16);
  return (b.Half(208) * ToFloat(scale)) * ToFloat(q);
}

float F32(const Block& b, std::size_t) {
  return std::bit_cast<float>(b.U32(0));
}

float F16(const Block& b, std::size_t) { return b.Half(0); }

float BF16(const Block& b, std::size_t) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(b.U16(0)) << 16);
}

Element ElementOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return F32;
    case DType::kF16:
      return F16;
    case DType::kBF16:
      return BF16;
    case DType::kQ4_0:
      return Q4_0;
    case DType::kQ4_1:
      return Q4_1;
    case DType::kQ5_0:
      return Q5_0;
    case DType::kQ5_1:
      return Q5_1;
    case DType::kQ8_0:
      return Q8_0;
    case DType::kQ4_K:
      return Q4_K;
    case DType::kQ5_K:
      return Q5_K;
    case DType::kQ6_K:
      return Q6_K;
    default:
      return LowBitElementOf(dtype);
  }
}

// Entry `i` of a row of scales or biases.
float ScaleAt(const GroupScales& groups, const std::byte* row, std::size_t i) {
  float scale;
  DecodeRow(groups.dtype, row + i * InfoOf(groups.dtype).block_bytes,
            {&scale, 1});
  return scale;
}

}  // namespace

float HalfToFloat(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
  const std::uint32_t exponent = bits >> 10 & 31, mantissa = bits & 1023;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24, exact
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  if (exponent == 31) {
    const std::uint32_t quiet = mantissa == 0 ? 0 : 0x400000;
    return std::bit_cast<float>(sign | 0x7f800000 | quiet | mantissa << 13);
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

void DecodeRow(DType dtype, const std::byte* row, std::span<float> out) {
  const DTypeInfo& info = InfoOf(dtype);
  const Element element = ElementOf(dtype);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t block = i / info.block_elements;
    out[i] =
        element(Block(row + block * info.block_bytes), i % info.block_elements);
  }
}

void DecodeRow(const WeightView& w, std::size_t r, std::span<float> out) {
  DecodeRow(w.dtype, w.Row(r), out);
  if (!w.HasGroups()) return;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t group = i / w.groups.elements;
    const float scale = ScaleAt(w.groups, w.ScalesOfRow(r), group);
    if (w.groups.biases != nullptr) {
      const float product = scale * out[i];
      out[i] = product + ScaleAt(w.groups, w.BiasesOfRow(r), group);
    } else {
      out[i] = out[i] * (scale * w.groups.factor);
    }
  }
}

void DecodeRows(const WeightView& w, std::size_t begin, MatrixView out) {
  const std::size_t element = InfoOf(w.dtype).block_bytes;
  for (std::size_t r = 0; r < out.rows; ++r) {
    if (!w.transposed) {
      DecodeRow(w, begin + r, out.RowSpan(r));
      continue;
    }
    for (std::size_t c = 0; c < out.cols; ++c) {
      const std::byte* at = w.data + c * w.row_bytes + (begin + r) * element;
      DecodeRow(w.dtype, at, out.RowSpan(r).subspan(c, 1));
    }
  }
}

}  // namespace pellucid::kernels::reference
