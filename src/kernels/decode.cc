// Decoding by blocks: bytes are widened to 32-bit lanes, converted (exactly)
// to float, then scaled with one rounded operation after another, never fused:
// the formats define it so. 16 elements are worked on at a time, the half of a
// 32-element block: one register on AVX-512, two on AVX2, four on NEON.
#include "kernels/decode.h"

#include <cassert>
#include <cstdint>
#include <cstring>

#include "kernels/decode_transposed.h"
#include "kernels/isa.h"
#include "kernels/reference/decode.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/decode.cc"  // this file, seen from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using Ints = hn::RebindToSigned<Floats>;
using Bytes = hn::Rebind<std::uint8_t, Floats>;
using SignedBytes = hn::Rebind<std::int8_t, Floats>;
using FloatVec = hn::Vec<Floats>;
using IntVec = hn::Vec<Ints>;

constexpr std::size_t kLanes = hn::MaxLanes(Floats());

HWY_INLINE IntVec LoadBytes(const std::uint8_t* at) {
  return hn::PromoteTo(Ints(), hn::LoadU(Bytes(), at));
}

HWY_INLINE IntVec LoadSignedBytes(const std::uint8_t* at) {
  const auto* bytes = reinterpret_cast<const std::int8_t*>(at);
  return hn::PromoteTo(Ints(), hn::LoadU(SignedBytes(), bytes));
}

HWY_INLINE IntVec LowNibbles(IntVec bytes) {
  return hn::And(bytes, hn::Set(Ints(), 15));
}

HWY_INLINE IntVec HighNibbles(IntVec bytes) {
  return hn::ShiftRight<4>(bytes);  // bytes were widened without sign
}

// Bits [first, first + lanes) of `word`, each as 0 or 16.
HWY_INLINE IntVec FifthBits(std::uint32_t word, std::size_t first) {
  const hn::RebindToUnsigned<Floats> du;
  const auto shift = hn::Iota(du, static_cast<std::uint32_t>(first));
  const auto bit = hn::And(hn::Shr(hn::Set(du, word), shift), hn::Set(du, 1u));
  return hn::BitCast(Ints(), hn::ShiftLeft<4>(bit));
}

// Two neighbouring half-precision numbers.
struct HalfPair {
  float first, second;
};
HWY_INLINE HalfPair LoadHalves(const std::uint8_t* at) {
  const hn::CappedTag<float, 4> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  const hn::CappedTag<std::uint32_t, 2> d32;
  std::uint32_t bits;
  std::memcpy(&bits, at, sizeof(bits));
  const auto halves = hn::PromoteTo(d, hn::BitCast(d16, hn::Set(d32, bits)));
  return {hn::GetLane(halves), hn::ExtractLane(halves, 1)};
}

HWY_INLINE float LoadHalf(const std::uint8_t* at) {
  const hn::CappedTag<float, 4> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  const hn::Rebind<std::uint16_t, decltype(d)> du16;
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof(bits));
  const auto half = hn::BitCast(d16, hn::Set(du16, bits));
  return hn::GetLane(hn::PromoteTo(d, half));
}

HWY_INLINE std::uint32_t LoadWord(const std::uint8_t* at) {
  std::uint32_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// The last step of each format: q * d, q * d + m or d * q - m.
struct Scale {
  FloatVec d;
  explicit Scale(float scale) : d(hn::Set(Floats(), scale)) {}
  HWY_INLINE void Store(IntVec q, float* out) const {
    hn::StoreU(hn::Mul(hn::ConvertTo(Floats(), q), d), Floats(), out);
  }
};

struct ScaleAdd {
  FloatVec d, m;
  ScaleAdd(float scale, float offset)
      : d(hn::Set(Floats(), scale)), m(hn::Set(Floats(), offset)) {}
  HWY_INLINE void Store(IntVec q, float* out) const {
    const FloatVec product = hn::Mul(hn::ConvertTo(Floats(), q), d);
    hn::StoreU(hn::Add(product, m), Floats(), out);
  }
};

struct ScaleSubtract {
  FloatVec d, m;
  ScaleSubtract(float scale, float minimum)
      : d(hn::Set(Floats(), scale)), m(hn::Set(Floats(), minimum)) {}
  HWY_INLINE void Store(IntVec q, float* out) const {
    const FloatVec product = hn::Mul(hn::ConvertTo(Floats(), q), d);
    hn::StoreU(hn::Sub(product, m), Floats(), out);
  }
};

// Blocks of 32, of which the low nibbles of 16 bytes are the first half.
struct BlockQ4_0 {
  static constexpr std::size_t kElements = 32, kBytes = 18;
  static HWY_INLINE void Decode(const std::uint8_t* b, float* out) {
    const Scale scale(LoadHalf(b));
    const IntVec centre = hn::Set(Ints(), 8);
    for (std::size_t j = 0; j < 16; j += kLanes) {
      const IntVec q = LoadBytes(b + 2 + j);
      scale.Store(hn::Sub(LowNibbles(q), centre), out + j);
      scale.Store(hn::Sub(HighNibbles(q), centre), out + 16 + j);
    }
  }
};

struct BlockQ4_1 {
  static constexpr std::size_t kElements = 32, kBytes = 20;
  static HWY_INLINE void Decode(const std::uint8_t* b, float* out) {
    const HalfPair halves = LoadHalves(b);
    const ScaleAdd scale(halves.first, halves.second);
    for (std::size_t j = 0; j < 16; j += kLanes) {
      const IntVec q = LoadBytes(b + 4 + j);
      scale.Store(LowNibbles(q), out + j);
      scale.Store(HighNibbles(q), out + 16 + j);
    }
  }
};

struct BlockQ5_0 {
  static constexpr std::size_t kElements = 32, kBytes = 22;
  static HWY_INLINE void Decode(const std::uint8_t* b, float* out) {
    const Scale scale(LoadHalf(b));
    const std::uint32_t high = LoadWord(b + 2);
    const IntVec centre = hn::Set(Ints(), 16);
    for (std::size_t j = 0; j < 16; j += kLanes) {
      const IntVec q = LoadBytes(b + 6 + j);
      const IntVec q0 = hn::Or(LowNibbles(q), FifthBits(high, j));
      const IntVec q1 = hn::Or(HighNibbles(q), FifthBits(high, j + 16));
      scale.Store(hn::Sub(q0, centre), out + j);
      scale.Store(hn::Sub(q1, centre), out + 16 + j);
    }
  }
};

struct BlockQ5_1 {
  static constexpr std::size_t kElements = 32, kBytes = 24;
  static HWY_INLINE void Decode(const std::uint8_t* b, float* out) {
    const HalfPair halves = LoadHalves(b);
    const ScaleAdd scale(halves.first, halves.second);
    const std::uint32_t high = LoadWord(b + 4);
    for (std::size_t j = 0; j < 16; j += kLanes) {
      const IntVec q = LoadBytes(b + 8 + j);
      const IntVec q0 = hn::Or(LowNibbles(q), FifthBits(high, j));
      const IntVec q1 = hn::Or(HighNibbles(q), FifthBits(high, j + 16));
      scale.Store(q0, out + j);
      scale.Store(q1, out + 16 + j);
    }
  }
};

struct BlockQ8_0 {
  static constexpr std::size_t kElements = 32, kBytes = 34;
  static HWY_INLINE void Decode(const std::uint8_t* b, float* out) {
    const Scale scale(LoadHalf(b));
    for (std::size_t j = 0; j < 32; j += kLanes) {
      scale.Store(LoadSignedBytes(b + 2 + j), out + j);
    }
  }
};

// Scale and minimum of 32 elements of Q4_K and Q5_K: 6-bit pairs in 12 bytes,
// of which the last four have their upper two bits with the first four.
HWY_INLINE ScaleSubtract ScaleOfPair(HalfPair halves, const std::uint8_t* s,
                                     std::size_t pair) {
  int scale = s[pair] & 63, minimum = s[pair + 4] & 63;
  if (pair >= 4) {
    scale = (s[pair + 4] & 15) | (s[pair - 4] >> 6) << 4;
    minimum = (s[pair + 4] >> 4) | (s[pair] >> 6) << 4;
  }
  return ScaleSubtract(halves.first * static_cast<float>(scale),
                       halves.second * static_cast<float>(minimum));
}

struct BlockQ4_K {
  static constexpr std::size_t kElements = 256, kBytes = 144;
  static HWY_INLINE void Decode(const std::uint8_t* b, float* out) {
    const HalfPair halves = LoadHalves(b);
    for (std::size_t pair = 0; pair < 8; pair += 2, out += 64) {
      const ScaleSubtract low = ScaleOfPair(halves, b + 4, pair);
      const ScaleSubtract high = ScaleOfPair(halves, b + 4, pair + 1);
      const std::uint8_t* quants = b + 16 + 16 * pair;
      for (std::size_t j = 0; j < 32; j += kLanes) {
        const IntVec q = LoadBytes(quants + j);
        low.Store(LowNibbles(q), out + j);
        high.Store(HighNibbles(q), out + 32 + j);
      }
    }
  }
};

struct BlockQ5_K {
  static constexpr std::size_t kElements = 256, kBytes = 176;
  static HWY_INLINE void Decode(const std::uint8_t* b, float* out) {
    const HalfPair halves = LoadHalves(b);
    for (std::size_t pair = 0; pair < 8; pair += 2, out += 64) {
      const ScaleSubtract low = ScaleOfPair(halves, b + 4, pair);
      const ScaleSubtract high = ScaleOfPair(halves, b + 4, pair + 1);
      const std::uint8_t* quants = b + 48 + 16 * pair;
      const IntVec low_bit = hn::Set(Ints(), 1 << pair);
      const IntVec high_bit = hn::Set(Ints(), 2 << pair);
      const IntVec fifth = hn::Set(Ints(), 16);
      for (std::size_t j = 0; j < 32; j += kLanes) {
        const IntVec q = LoadBytes(quants + j), bits = LoadBytes(b + 16 + j);
        const IntVec q0 = hn::IfThenElseZero(hn::TestBit(bits, low_bit), fifth);
        const IntVec q1 =
            hn::IfThenElseZero(hn::TestBit(bits, high_bit), fifth);
        low.Store(hn::Or(LowNibbles(q), q0), out + j);
        high.Store(hn::Or(HighNibbles(q), q1), out + 32 + j);
      }
    }
  }
};

struct BlockQ6_K {
  static constexpr std::size_t kElements = 256, kBytes = 210;
  static HWY_INLINE void Decode(const std::uint8_t* b, float* out) {
    const float d = LoadHalf(b + 208);
    for (std::size_t half = 0; half < 2; ++half, out += 128) {
      const std::uint8_t* low = b + 64 * half;
      const std::uint8_t* high = b + 128 + 32 * half;
      const auto* scales =
          reinterpret_cast<const std::int8_t*>(b + 192 + 8 * half);
      for (std::size_t l = 0; l < 32; l += kLanes) {
        const std::int8_t* s = scales + l / 16;
        const IntVec q0 = LoadBytes(low + l), q1 = LoadBytes(low + 32 + l);
        const IntVec bits = LoadBytes(high + l);
        StoreQuarter(d, s[0], LowNibbles(q0), bits, out + l);
        StoreQuarter(d, s[2], LowNibbles(q1), hn::ShiftRight<2>(bits),
                     out + 32 + l);
        StoreQuarter(d, s[4], HighNibbles(q0), hn::ShiftRight<4>(bits),
                     out + 64 + l);
        StoreQuarter(d, s[6], HighNibbles(q1), hn::ShiftRight<6>(bits),
                     out + 96 + l);
      }
    }
  }
  // `bits`: the lowest two are those above the nibble.
  static HWY_INLINE void StoreQuarter(float d, int scale, IntVec nibble,
                                      IntVec bits, float* out) {
    const IntVec high = hn::And(bits, hn::Set(Ints(), 3));
    const IntVec q = hn::Or(nibble, hn::ShiftLeft<4>(high));
    Scale(d * static_cast<float>(scale))
        .Store(hn::Sub(q, hn::Set(Ints(), 32)), out);
  }
};

template <class Block>
void DecodeBlocks(const std::uint8_t* row, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; i += Block::kElements) {
    Block::Decode(row, out + i);
    row += Block::kBytes;
  }
}

// Half precision and bfloat16: 16-bit elements, any count.
template <class Narrow>
void DecodeNarrow(const std::uint8_t* row, std::size_t count, float* out) {
  const Floats d;
  const hn::Rebind<Narrow, Floats> narrow;
  const hn::Rebind<std::uint8_t,
                   hn::Repartition<std::uint8_t, decltype(narrow)>>
      bytes;
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto v = hn::BitCast(narrow, hn::LoadU(bytes, row + 2 * i));
    hn::StoreU(hn::PromoteTo(d, v), d, out + i);
  }
  if (i == count) return;
  alignas(64) std::uint8_t in[2 * kLanes] = {};
  alignas(64) float values[kLanes];
  std::memcpy(in, row + 2 * i, 2 * (count - i));
  const auto v = hn::BitCast(narrow, hn::Load(bytes, in));
  hn::Store(hn::PromoteTo(d, v), d, values);
  std::memcpy(out + i, values, (count - i) * sizeof(float));
}

void DecodeElements(DType dtype, const std::uint8_t* row, std::size_t count,
                    float* out) {
  switch (dtype) {
    case DType::kF32:
      std::memcpy(out, row, count * sizeof(float));
      return;
    case DType::kF16:
      return DecodeNarrow<hwy::float16_t>(row, count, out);
    case DType::kBF16:
      return DecodeNarrow<hwy::bfloat16_t>(row, count, out);
    case DType::kQ4_0:
      return DecodeBlocks<BlockQ4_0>(row, count, out);
    case DType::kQ4_1:
      return DecodeBlocks<BlockQ4_1>(row, count, out);
    case DType::kQ5_0:
      return DecodeBlocks<BlockQ5_0>(row, count, out);
    case DType::kQ5_1:
      return DecodeBlocks<BlockQ5_1>(row, count, out);
    case DType::kQ8_0:
      return DecodeBlocks<BlockQ8_0>(row, count, out);
    case DType::kQ4_K:
      return DecodeBlocks<BlockQ4_K>(row, count, out);
    case DType::kQ5_K:
      return DecodeBlocks<BlockQ5_K>(row, count, out);
    case DType::kQ6_K:
      return DecodeBlocks<BlockQ6_K>(row, count, out);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(DecodeElements);

void DecodeRow(DType dtype, const std::byte* row, std::span<float> out) {
  assert(out.size() % InfoOf(dtype).block_elements == 0);
  if (out.empty()) return;
  if (UsesReference()) return reference::DecodeRow(dtype, row, out);
  HWY_DYNAMIC_DISPATCH(DecodeElements)
  (dtype, reinterpret_cast<const std::uint8_t*>(row), out.size(), out.data());
}

void DecodeRows(const WeightView& w, std::size_t begin, MatrixView out) {
  assert(out.cols == w.cols && begin + out.rows <= w.rows);
  if (w.transposed) return DecodeTransposedRows(w, begin, out);
  for (std::size_t r = 0; r < out.rows; ++r) {
    DecodeRow(w.dtype, w.Row(begin + r), out.RowSpan(r));
  }
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
