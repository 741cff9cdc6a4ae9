// The formats of quantised and narrow weights, 16 elements at a time, from
// bytes to registers: what decoding a row and multiplying one have in common,
// for inclusion by kernel sources after hwy/highway.h.
//
// Bytes are widened to 32-bit lanes, converted (exactly) to float, then scaled
// with one rounded operation after another: the formats define it so. They are
// fused only where the product is exact and the bits are the same. Scales are
// unpacked for many blocks at once, which takes fewer conversions and
// broadcasts than one by one.
//
// A format has
//   kElements, kBytes   of one block
//   kUnits              alike parts of a block, each of whole steps of 16
//   kScales             floats that a block's scales are unpacked to
//   UnpackScales        of `count` >= 1 blocks; may write kScaleSlack more
//   Decode<kStep>       elements [16 kStep + lane, + kLanes) of a unit of a
//                       block, whose unpacked scales are `scales` [kScales]
//
// Include guard toggled by Highway's multiple inclusion, hence this form.
#if defined(PELLUCID_KERNELS_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PELLUCID_KERNELS_BLOCKS_INL_H_
#undef PELLUCID_KERNELS_BLOCKS_INL_H_
#else
#define PELLUCID_KERNELS_BLOCKS_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "hwy/highway.h"
#include "kernels/unroll-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace blocks {

namespace hn = hwy::HWY_NAMESPACE;

// One step, 16 elements: one register on AVX-512, two on AVX2, four on NEON.
constexpr std::size_t kStepElements = 16;
constexpr std::size_t kScaleSlack = 8;

using Floats = hn::CappedTag<float, kStepElements>;
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

// The low (kHigh = 0) or high nibbles of bytes that were widened without sign.
template <std::size_t kHigh>
HWY_INLINE IntVec Nibbles(IntVec bytes) {
  if constexpr (kHigh == 0) {
    return hn::And(bytes, hn::Set(Ints(), 15));
  } else {
    return hn::ShiftRight<4>(bytes);
  }
}

// Little-endian, any alignment.
template <class Word>
HWY_INLINE Word LoadAs(const std::uint8_t* at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// Bits [first, first + lanes) of `word`, each as 0 or 16.
HWY_INLINE IntVec FifthBits(std::uint32_t word, std::size_t first) {
  const hn::RebindToUnsigned<Floats> du;
  const auto shift = hn::Iota(du, static_cast<std::uint32_t>(first));
  const auto bit = hn::And(hn::Shr(hn::Set(du, word), shift), hn::Set(du, 1u));
  return hn::BitCast(Ints(), hn::ShiftLeft<4>(bit));
}

// The last step of each format: q * d, q * d + m or d * q - m, with scales of
// each lane or, below, one for all.
HWY_INLINE FloatVec Scaled(IntVec q, FloatVec d) {
  return hn::Mul(hn::ConvertTo(Floats(), q), d);
}
HWY_INLINE FloatVec ScaledPlus(IntVec q, FloatVec d, FloatVec m) {
  return hn::Add(Scaled(q, d), m);
}

// The same where q * d is exact, having no more bits than a float: then there
// is but one rounding, and one operation less.
HWY_INLINE FloatVec ExactScaledPlus(IntVec q, FloatVec d, FloatVec m) {
  return hn::MulAdd(hn::ConvertTo(Floats(), q), d, m);
}
HWY_INLINE FloatVec ExactScaledMinus(IntVec q, FloatVec d, FloatVec m) {
  return hn::MulSub(hn::ConvertTo(Floats(), q), d, m);
}

HWY_INLINE FloatVec Scaled(IntVec q, float d) {
  return Scaled(q, hn::Set(Floats(), d));
}
HWY_INLINE FloatVec ScaledPlus(IntVec q, float d, float m) {
  return ScaledPlus(q, hn::Set(Floats(), d), hn::Set(Floats(), m));
}
HWY_INLINE FloatVec ScaledMinus(IntVec q, float d, float m) {
  return hn::Sub(Scaled(q, d), hn::Set(Floats(), m));
}
HWY_INLINE FloatVec ExactScaledPlus(IntVec q, float d, float m) {
  return ExactScaledPlus(q, hn::Set(Floats(), d), hn::Set(Floats(), m));
}
HWY_INLINE FloatVec ExactScaledMinus(IntVec q, float d, float m) {
  return ExactScaledMinus(q, hn::Set(Floats(), d), hn::Set(Floats(), m));
}

// What `value` gives for the low (kHigh = 0) or high nibbles of bytes that were
// widened without sign. A register of 16 lanes holds the values of all nibbles,
// made once a block, which saves an operation an element (decoding a token of
// Q4_1 takes 0.9 of the time).
template <std::size_t kHigh, class Value>
HWY_INLINE FloatVec OfNibbles(IntVec bytes, const Value& value) {
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
  const FloatVec table = value(hn::Iota(Ints(), 0));
  const IntVec q = kHigh == 0 ? bytes : hn::ShiftRight<4>(bytes);
  // Looks at the lowest four bits of each lane; Highway's own lookup asserts
  // that there are no others.
  return FloatVec{_mm512_permutexvar_ps(q.raw, table.raw)};
#else
  return value(Nibbles<kHigh>(bytes));
#endif
}

// Four floats at a time, for scales.
using Four = hn::CappedTag<float, 4>;
using FourInts = hn::RebindToSigned<Four>;

// Eight half-precision numbers to out[8].
using Halves = hn::CappedTag<std::uint16_t, 8>;
HWY_INLINE void WidenEight(hn::Vec<Halves> bits, float* out) {
  // Halved as integers: Highway 1.0.3 halves no float16 vectors on NEON.
  const hn::Half<Halves> half;
  const hn::Rebind<hwy::float16_t, Four> d16;
  const auto low = hn::BitCast(d16, hn::LowerHalf(half, bits));
  const auto high = hn::BitCast(d16, hn::UpperHalf(half, bits));
  hn::StoreU(hn::PromoteTo(Four(), low), Four(), out);
  hn::StoreU(hn::PromoteTo(Four(), high), Four(), out + 4);
}

// load(i) for each lane i: loads into lanes, where gathering in memory first
// would have the vector wait for the stores.
template <class D, class Load>
HWY_INLINE hn::Vec<D> Gather(D d, const Load& load) {
  auto v = hn::Set(d, load(0));
  Unroll<hn::MaxLanes(D()) - 1>(
      [&](auto i) HWY_ATTR { v = hn::InsertLane(v, i + 1, load(i + 1)); });
  return v;
}

// The kCount (1 or 2) half-precision numbers that each block begins with, to
// out[kCount count].
template <std::size_t kCount, std::size_t kBlockBytes>
HWY_INLINE void WidenFirst(const std::uint8_t* blocks, std::size_t count,
                           float* out) {
  using Word = std::conditional_t<kCount == 1, std::uint16_t, std::uint32_t>;
  constexpr std::size_t kWords = 8 / kCount;
  const hn::CappedTag<Word, kWords> d;
  std::size_t i = 0;
  for (; i + kWords <= count; i += kWords, blocks += kWords * kBlockBytes) {
    const auto words = Gather(d, [&](std::size_t j) HWY_ATTR {
      return LoadAs<Word>(blocks + j * kBlockBytes);
    });
    WidenEight(hn::BitCast(Halves(), words), out + kCount * i);
  }
  if (i == count) return;
  const auto words = Gather(d, [&](std::size_t j) HWY_ATTR {
    // Past the last block: that one again.
    return LoadAs<Word>(blocks + std::min(j, count - i - 1) * kBlockBytes);
  });
  WidenEight(hn::BitCast(Halves(), words), out + kCount * i);
}

// d * q for four bytes q of `word`, widened by way of `Byte`.
template <class Byte>
HWY_INLINE void ScaleFour(std::uint32_t word, float d, float* out) {
  const hn::CappedTag<std::uint32_t, 1> one;
  const auto bytes = hn::BitCast(hn::Rebind<Byte, Four>(), hn::Set(one, word));
  const auto q = hn::ConvertTo(Four(), hn::PromoteTo(FourInts(), bytes));
  hn::StoreU(hn::Mul(hn::Set(Four(), d), q), Four(), out);
}

// Blocks of 32, of which the low nibbles of 16 bytes are the first half.
struct Q4_0 {
  static constexpr std::size_t kElements = 32, kBytes = 18, kUnits = 1;
  static constexpr std::size_t kScales = 1;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    WidenFirst<1, kBytes>(blocks, count, scales);
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    return OfNibbles<kStep>(LoadBytes(b + 2 + lane), [&](IntVec q) HWY_ATTR {
      return Scaled(hn::Sub(q, hn::Set(Ints(), 8)), scales[0]);
    });
  }
};

struct Q4_1 {
  static constexpr std::size_t kElements = 32, kBytes = 20, kUnits = 1;
  static constexpr std::size_t kScales = 2;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    WidenFirst<2, kBytes>(blocks, count, scales);
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    return OfNibbles<kStep>(LoadBytes(b + 4 + lane), [&](IntVec q) HWY_ATTR {
      return ExactScaledPlus(q, scales[0], scales[1]);  // 4 + 11 bits
    });
  }
};

struct Q5_0 {
  static constexpr std::size_t kElements = 32, kBytes = 22, kUnits = 1;
  static constexpr std::size_t kScales = 1;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    WidenFirst<1, kBytes>(blocks, count, scales);
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    const IntVec q = Nibbles<kStep>(LoadBytes(b + 6 + lane));
    const IntVec fifth =
        FifthBits(LoadAs<std::uint32_t>(b + 2), lane + kStep * kStepElements);
    return Scaled(hn::Sub(hn::Or(q, fifth), hn::Set(Ints(), 16)), scales[0]);
  }
};

struct Q5_1 {
  static constexpr std::size_t kElements = 32, kBytes = 24, kUnits = 1;
  static constexpr std::size_t kScales = 2;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    WidenFirst<2, kBytes>(blocks, count, scales);
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    const IntVec q = Nibbles<kStep>(LoadBytes(b + 8 + lane));
    const IntVec fifth =
        FifthBits(LoadAs<std::uint32_t>(b + 4), lane + kStep * kStepElements);
    return ExactScaledPlus(hn::Or(q, fifth), scales[0], scales[1]);  // 5 + 11
  }
};

struct Q8_0 {
  static constexpr std::size_t kElements = 32, kBytes = 34, kUnits = 1;
  static constexpr std::size_t kScales = 1;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    WidenFirst<1, kBytes>(blocks, count, scales);
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    return Scaled(LoadSignedBytes(b + 2 + kStep * kStepElements + lane),
                  scales[0]);
  }
};

// Scales and minima of the 32s of Q4_K and Q5_K, to d * scale [8] and dmin *
// min [8]. Each is of 6 bits; 12 bytes hold the first four scales, the first
// four minima (the upper two bits of these bytes belong to the others), and the
// lower four bits of the last four of both.
HWY_INLINE void UnpackScalesOf32s(const std::uint8_t* b, float* out) {
  float halves[8];
  WidenFirst<2, 4>(b, 1, halves);
  const auto first = LoadAs<std::uint32_t>(b + 4);
  const auto second = LoadAs<std::uint32_t>(b + 8);
  const auto third = LoadAs<std::uint32_t>(b + 12);
  constexpr std::uint32_t kSix = 0x3f3f3f3f, kFour = 0x0f0f0f0f,
                          kUpper = 0x30303030;
  ScaleFour<std::uint8_t>(first & kSix, halves[0], out);
  ScaleFour<std::uint8_t>((third & kFour) | (first >> 2 & kUpper), halves[0],
                          out + 4);
  ScaleFour<std::uint8_t>(second & kSix, halves[1], out + 8);
  ScaleFour<std::uint8_t>((third >> 4 & kFour) | (second >> 2 & kUpper),
                          halves[1], out + 12);
}

// Units of 64: low nibbles of 32 bytes, then the high ones.
struct Q4_K {
  static constexpr std::size_t kElements = 256, kBytes = 144, kUnits = 4;
  static constexpr std::size_t kScales = 16;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    for (std::size_t i = 0; i < count; ++i) {
      UnpackScalesOf32s(blocks + i * kBytes, scales + i * kScales);
    }
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t unit, std::size_t lane) {
    const std::uint8_t* quants = b + 16 + 32 * unit;
    const IntVec q = Nibbles<kStep / 2>(
        LoadBytes(quants + kStep % 2 * kStepElements + lane));
    const float* scale = scales + 2 * unit + kStep / 2;
    return ExactScaledMinus(q, scale[0], scale[8]);  // 4 + 6 + 11 bits
  }
};

struct Q5_K {
  static constexpr std::size_t kElements = 256, kBytes = 176, kUnits = 4;
  static constexpr std::size_t kScales = 16;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    for (std::size_t i = 0; i < count; ++i) {
      UnpackScalesOf32s(blocks + i * kBytes, scales + i * kScales);
    }
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t unit, std::size_t lane) {
    const std::size_t at = kStep % 2 * kStepElements + lane;
    const std::uint8_t* quants = b + 48 + 32 * unit;
    const IntVec q = Nibbles<kStep / 2>(LoadBytes(quants + at));
    const IntVec bit = hn::Set(Ints(), 1 << (2 * unit + kStep / 2));
    const IntVec fifth = hn::IfThenElseZero(
        hn::TestBit(LoadBytes(b + 16 + at), bit), hn::Set(Ints(), 16));
    const float* scale = scales + 2 * unit + kStep / 2;
    return ExactScaledMinus(hn::Or(q, fifth), scale[0], scale[8]);  // 5 + 17
  }
};

// Units of 128: four quarters of 32 elements, each with four bits in nibbles of
// 64 bytes and two more in 32 others; a scale for each 16.
struct Q6_K {
  static constexpr std::size_t kElements = 256, kBytes = 210, kUnits = 2;
  static constexpr std::size_t kScales = 16;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    for (std::size_t i = 0; i < count; ++i, blocks += kBytes) {
      float d[8];
      WidenFirst<1, 2>(blocks + 208, 1, d);
      for (std::size_t j = 0; j < 16; j += 4, scales += 4) {
        ScaleFour<std::int8_t>(LoadAs<std::uint32_t>(blocks + 192 + j), d[0],
                               scales);
      }
    }
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t unit, std::size_t lane) {
    constexpr std::size_t kQuarter = kStep / 2;
    const std::size_t at = kStep % 2 * kStepElements + lane;
    const IntVec nibbles = Nibbles<kQuarter / 2>(
        LoadBytes(b + 64 * unit + kQuarter % 2 * 32 + at));
    const IntVec bytes = LoadBytes(b + 128 + 32 * unit + at);
    // The two bits, where they belong: above the nibble.
    const IntVec moved = kQuarter < 2
                             ? hn::ShiftLeft<4 - 2 * (kQuarter % 2)>(bytes)
                             : hn::ShiftRight<2 * (kQuarter % 2)>(bytes);
    const IntVec q = hn::Or(nibbles, hn::And(moved, hn::Set(Ints(), 48)));
    return Scaled(hn::Sub(q, hn::Set(Ints(), 32)), scales[8 * unit + kStep]);
  }
};

// Half precision and bfloat16: elements that need no scale.
template <class Element>
struct Narrow {
  static constexpr std::size_t kElements = 16, kBytes = 32, kUnits = 1;
  static constexpr std::size_t kScales = 0;
  static HWY_INLINE void UnpackScales(const std::uint8_t*, std::size_t,
                                      float*) {}
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float*,
                                    std::size_t, std::size_t lane) {
    const hn::Rebind<Element, Floats> narrow;
    const hn::Repartition<std::uint8_t, decltype(narrow)> bytes;
    const auto v = hn::BitCast(narrow, hn::LoadU(bytes, b + 2 * lane));
    return hn::PromoteTo(Floats(), v);
  }
};
using F16 = Narrow<hwy::float16_t>;
using BF16 = Narrow<hwy::bfloat16_t>;

}  // namespace blocks
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
