// The rarer formats of ggml, in the form of kernels/blocks-inl.h: 2 and 3 bits
// an element, tables of 16 values, and formats meant for activations.
//
// Include guard toggled by Highway's multiple inclusion, hence this form.
#if defined(PELLUCID_KERNELS_LOW_BIT_BLOCKS_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef PELLUCID_KERNELS_LOW_BIT_BLOCKS_INL_H_
#undef PELLUCID_KERNELS_LOW_BIT_BLOCKS_INL_H_
#else
#define PELLUCID_KERNELS_LOW_BIT_BLOCKS_INL_H_
#endif

#include <bit>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/blocks-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace blocks {

// Sixteen signed values that four bits choose from.
alignas(16) constexpr std::int8_t kUnevenValues[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// Floats of 4 bits, doubled: E2M1 has steps of a half.
alignas(16) constexpr std::int8_t kDoubledE2M1[16] = {
    0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// table[q] for q in 0 to 15.
HWY_INLINE IntVec LookUp(const std::int8_t (&table)[16], IntVec q) {
  const hn::Repartition<std::int8_t, Ints> bytes;
  const auto values =
      hn::TableLookupBytes(hn::LoadDup128(bytes, table), hn::BitCast(bytes, q));
  // The lowest byte of each lane, with its sign; the others looked up entry 0.
  return hn::ShiftRight<24>(hn::ShiftLeft<24>(hn::BitCast(Ints(), values)));
}

// Elements [first, + lanes) of 16: low nibbles of eight bytes, then the high
// ones.
HWY_INLINE IntVec NibblesOfEight(const std::uint8_t* at, std::size_t first) {
  if constexpr (kLanes == 16) {
    const hn::Half<Ints> half;
    const hn::Rebind<std::uint8_t, decltype(half)> bytes;
    const auto v = hn::PromoteTo(half, hn::LoadU(bytes, at));
    return hn::Combine(Ints(), hn::ShiftRight<4>(v),
                       hn::And(v, hn::Set(half, 15)));
  } else {
    const IntVec v = LoadBytes(at + first % 8);
    return first < 8 ? Nibbles<0>(v) : Nibbles<1>(v);
  }
}

// Units of 128: four times 32 elements of two bits each, the lowest first; a
// scale and a minimum of four bits for each 16, d and dmin behind all.
struct Q2_K {
  static constexpr std::size_t kElements = 256, kBytes = 84, kUnits = 2;
  static constexpr std::size_t kScales = 32;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    for (std::size_t i = 0; i < count; ++i, blocks += kBytes) {
      float d[8];
      WidenFirst<2, 4>(blocks + 80, 1, d);
      for (std::size_t j = 0; j < 16; j += 4, scales += 4) {
        const auto word = LoadAs<std::uint32_t>(blocks + j);
        ScaleFour<std::uint8_t>(word & 0x0f0f0f0f, d[0], scales);
        ScaleFour<std::uint8_t>(word >> 4 & 0x0f0f0f0f, d[1], scales + 16);
      }
      scales += 16;
    }
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t unit, std::size_t lane) {
    const std::size_t at = kStep % 2 * kStepElements + lane;
    const IntVec bytes = LoadBytes(b + 16 + 32 * unit + at);
    const IntVec q =
        hn::And(hn::ShiftRight<kStep / 2 * 2>(bytes), hn::Set(Ints(), 3));
    const float* scale = scales + 8 * unit + kStep;
    return ScaledMinus(q, scale[0], scale[16]);
  }
};

// As Q2_K, with a third bit apart, clear where 4 is to be subtracted, and
// sixteen signed scales of six bits.
struct Q3_K {
  static constexpr std::size_t kElements = 256, kBytes = 110, kUnits = 2;
  static constexpr std::size_t kScales = 16;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    constexpr std::uint32_t kFour = 0x0f0f0f0f, kTwo = 0x03030303;
    for (std::size_t i = 0; i < count; ++i, blocks += kBytes) {
      float d[8];
      WidenFirst<1, 2>(blocks + 108, 1, d);
      const auto upper = LoadAs<std::uint32_t>(blocks + 104);
      for (std::size_t j = 0; j < 4; ++j, scales += 4) {
        const auto lower = LoadAs<std::uint32_t>(blocks + 96 + j % 2 * 4);
        const std::uint32_t six =
            (lower >> (j < 2 ? 0 : 4) & kFour) | (upper >> (2 * j) & kTwo) << 4;
        // Less 32 in each byte; the top bits keep a borrow from its neighbour.
        const std::uint32_t less = ((six | 0x80808080) - 0x20202020);
        ScaleFour<std::int8_t>(less ^ 0x80808080, d[0], scales);
      }
    }
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t unit, std::size_t lane) {
    const std::size_t at = kStep % 2 * kStepElements + lane;
    const IntVec bytes = LoadBytes(b + 32 + 32 * unit + at);
    const IntVec two =
        hn::And(hn::ShiftRight<kStep / 2 * 2>(bytes), hn::Set(Ints(), 3));
    const IntVec bit = hn::Set(Ints(), 1 << (4 * unit + kStep / 2));
    const IntVec less = hn::IfThenZeroElse(hn::TestBit(LoadBytes(b + at), bit),
                                           hn::Set(Ints(), 4));
    return Scaled(hn::Sub(two, less), scales[8 * unit + kStep]);
  }
};

// As Q8_0, with a sum that nothing here needs.
struct Q8_1 {
  static constexpr std::size_t kElements = 32, kBytes = 36, kUnits = 1;
  static constexpr std::size_t kScales = 1;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    WidenFirst<1, kBytes>(blocks, count, scales);
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    return Scaled(LoadSignedBytes(b + 4 + kStep * kStepElements + lane),
                  scales[0]);
  }
};

// A scale in float32, 256 signed bytes, and sums that nothing here needs.
struct Q8_K {
  static constexpr std::size_t kElements = 256, kBytes = 292, kUnits = 8;
  static constexpr std::size_t kScales = 1;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    for (std::size_t i = 0; i < count; ++i) {
      scales[i] = LoadAs<float>(blocks + i * kBytes);
    }
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t unit, std::size_t lane) {
    return Scaled(
        LoadSignedBytes(b + 4 + 32 * unit + kStep * kStepElements + lane),
        scales[0]);
  }
};

struct IQ4_NL {
  static constexpr std::size_t kElements = 32, kBytes = 18, kUnits = 1;
  static constexpr std::size_t kScales = 1;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    WidenFirst<1, kBytes>(blocks, count, scales);
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    const IntVec q = Nibbles<kStep>(LoadBytes(b + 2 + lane));
    return Scaled(LookUp(kUnevenValues, q), scales[0]);
  }
};

// Units of 32 elements; scales of six bits, less 32: four bits in nibbles and
// two in a word.
struct IQ4_XS {
  static constexpr std::size_t kElements = 256, kBytes = 136, kUnits = 8;
  static constexpr std::size_t kScales = 8;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    for (std::size_t i = 0; i < count; ++i, blocks += kBytes) {
      float d[8];
      WidenFirst<1, 2>(blocks, 1, d);
      const auto upper = LoadAs<std::uint16_t>(blocks + 2);
      for (std::size_t j = 0; j < kScales; ++j, ++scales) {
        const int lower = blocks[4 + j / 2] >> (4 * (j % 2)) & 15;
        const int six = lower | (upper >> (2 * j) & 3) << 4;
        *scales = d[0] * static_cast<float>(six - 32);
      }
    }
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t unit, std::size_t lane) {
    const IntVec q = Nibbles<kStep>(LoadBytes(b + 8 + 16 * unit + lane));
    return Scaled(LookUp(kUnevenValues, q), scales[unit]);
  }
};

// A power of two and 32 floats of 4 bits.
struct MXFP4 {
  static constexpr std::size_t kElements = 32, kBytes = 17, kUnits = 1;
  static constexpr std::size_t kScales = 1;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    for (std::size_t i = 0; i < count; ++i, blocks += kBytes) {
      const std::uint32_t e =
          blocks[0];  // 2^(e - 128), as elements are doubled
      scales[i] =
          std::bit_cast<float>(e < 2 ? 0x00200000u << e : (e - 1) << 23);
    }
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    const IntVec q = Nibbles<kStep>(LoadBytes(b + 1 + lane));
    return Scaled(LookUp(kDoubledE2M1, q), scales[0]);
  }
};

// Four scales, E4M3 without its sign, for 16 floats of 4 bits each.
struct NVFP4 {
  static constexpr std::size_t kElements = 64, kBytes = 36, kUnits = 1;
  static constexpr std::size_t kScales = 4;
  static HWY_INLINE void UnpackScales(const std::uint8_t* blocks,
                                      std::size_t count, float* scales) {
    for (std::size_t i = 0; i < count; ++i, blocks += kBytes) {
      for (std::size_t j = 0; j < kScales; ++j) {
        *scales++ = HalfOfE4M3(blocks[j]);
      }
    }
  }
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    const IntVec q = NibblesOfEight(b + 4 + 8 * kStep, lane);
    return Scaled(LookUp(kDoubledE2M1, q), scales[kStep]);
  }

 private:
  // Half the value, as elements are doubled; ggml reads NaN (0x7f) as 0.
  static HWY_INLINE float HalfOfE4M3(std::uint8_t bits) {
    if (bits == 0x7f) return 0;
    const std::uint32_t exponent = bits >> 3 & 15, mantissa = bits & 7;
    if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
    return std::bit_cast<float>((exponent + 119) << 23 | mantissa << 20);
  }
};

}  // namespace blocks
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
