// Elements of 1 to 8 bits that MLX packs without a gap, and floats of 8 bits,
// 16 at a time, from bytes to registers; and their scales, which lie in tensors
// beside them (GroupScales in base/matrix.h). In the form of
// kernels/blocks-inl.h but for UnpackScales: blocks are cut where it suits, and
// UnpackGroups gives each the scales of the groups that it lies in.
//
// Element i of a row has bits [kBits i, kBits (i + 1)) of the row's bytes, read
// from the lowest bit on. So the elements of a few lanes lie within one 32-bit
// word that begins at a byte: it is broadcast and shifted, each lane by as much
// as its element takes.
//
// Include guard toggled by Highway's multiple inclusion, hence this form.
#if defined(PELLUCID_KERNELS_PACKED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PELLUCID_KERNELS_PACKED_INL_H_
#undef PELLUCID_KERNELS_PACKED_INL_H_
#else
#define PELLUCID_KERNELS_PACKED_INL_H_
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/matrix.h"
#include "hwy/highway.h"
#include "kernels/blocks-inl.h"
#include "kernels/low_bit_blocks-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace blocks {

// Where the 16 elements of a step lie in its 2 kBits bytes.
template <std::size_t kBits>
struct PackedStep {
  static_assert(kBits >= 2 && kBits < 8);
  // Lanes whose elements one word holds, wherever in it they begin.
  static constexpr std::size_t kWindow =
      std::min<std::size_t>(kLanes, kBits <= 4 ? 8 : 4);
  // The byte at which the word of `lane` begins; no word ends past the step.
  static constexpr std::size_t ByteOf(std::size_t lane) {
    return std::min(kBits * (lane / kWindow * kWindow) / 8, 2 * kBits - 4);
  }
  static constexpr std::array<std::uint32_t, kStepElements> Shifts() {
    std::array<std::uint32_t, kStepElements> shifts{};
    for (std::size_t i = 0; i < kStepElements; ++i) {
      shifts[i] = static_cast<std::uint32_t>(kBits * i - 8 * ByteOf(i));
    }
    return shifts;
  }
  alignas(64) static constexpr std::array<std::uint32_t,
                                          kStepElements> kShifts = Shifts();

  // The words of lanes [lane, + lanes of d).
  template <class D>
  static HWY_INLINE hn::Vec<D> Words(D d, const std::uint8_t* at,
                                     std::size_t lane) {
    if constexpr (hn::MaxLanes(D()) <= kWindow) {
      return hn::Set(d, LoadAs<std::uint32_t>(at + ByteOf(lane)));
    } else {
      const hn::Half<D> half;
      return hn::Combine(d, Words(half, at, lane + hn::MaxLanes(D()) / 2),
                         Words(half, at, lane));
    }
  }
};

// Elements [lane, + kLanes) of the step at `at`.
template <std::size_t kBits>
HWY_INLINE IntVec LoadPacked(const std::uint8_t* at, std::size_t lane) {
  const hn::RebindToUnsigned<Floats> du;
  if constexpr (kBits == 8) {
    return LoadBytes(at + lane);
  } else if constexpr (kBits == 1) {
    const auto word = hn::Set(du, std::uint32_t{LoadAs<std::uint16_t>(at)});
    const auto shift = hn::Iota(du, static_cast<std::uint32_t>(lane));
    return hn::BitCast(Ints(), hn::And(hn::Shr(word, shift), hn::Set(du, 1u)));
  } else {
    using Step = PackedStep<kBits>;
    const auto words = Step::Words(du, at, lane);
    const auto shift = hn::LoadU(du, Step::kShifts.data() + lane);
    const auto mask = hn::Set(du, (1u << kBits) - 1);
    return hn::BitCast(Ints(), hn::And(hn::Shr(words, shift), mask));
  }
}

// Unsigned integers with a scale and a bias: scale * q, then + bias.
template <std::size_t kBitsEach>
struct Affine {
  static constexpr std::size_t kElements = 32, kBytes = 4 * kBitsEach;
  static constexpr std::size_t kUnits = 1, kScales = 2;
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    const std::uint8_t* step = b + 2 * kBitsEach * kStep;
    return ScaledPlus(LoadPacked<kBitsEach>(step, lane), scales[0], scales[1]);
  }
};

// Floats of 4 bits.
struct ScaledE2M1 {
  static constexpr std::size_t kElements = 16, kBytes = 8;
  static constexpr std::size_t kUnits = 1, kScales = 1;
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    const IntVec q = LoadPacked<4>(b, lane);
    const IntVec doubled = LookUp(kDoubledE2M1, hn::And(q, hn::Set(Ints(), 7)));
    const FloatVec magnitude =
        hn::Mul(hn::ConvertTo(Floats(), doubled), hn::Set(Floats(), 0.5f));
    // The sign of a zero too.
    const IntVec sign = hn::ShiftLeft<28>(hn::And(q, hn::Set(Ints(), 8)));
    return hn::Mul(hn::Or(magnitude, hn::BitCast(Floats(), sign)),
                   hn::Set(Floats(), scales[0]));
  }
};

// Floats of 8 bits, as halves of the same bits: E5M2 is the upper byte of one,
// and E4M3 one of an exponent that is 8 less.
template <bool kIsE4M3>
struct F8 {
  static constexpr std::size_t kElements = 16, kBytes = 16, kUnits = 1;
  static constexpr std::size_t kScales = 0;
  static HWY_INLINE void UnpackScales(const std::uint8_t*, std::size_t,
                                      float*) {}
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float*,
                                    std::size_t, std::size_t lane) {
    const hn::Rebind<std::uint16_t, Floats> words;
    const hn::Rebind<hwy::float16_t, Floats> halves;
    const auto byte = hn::PromoteTo(words, hn::LoadU(Bytes(), b + lane));
    if constexpr (!kIsE4M3) {
      return hn::PromoteTo(Floats(),
                           hn::BitCast(halves, hn::ShiftLeft<8>(byte)));
    } else {
      const auto magnitude = hn::And(byte, hn::Set(words, 0x7f));
      // All ones are NaN here, and must be there.
      const auto nan = hn::ShiftLeft<14>(
          hn::ShiftRight<7>(hn::Add(magnitude, hn::Set(words, 1))));
      const auto sign = hn::ShiftLeft<8>(hn::And(byte, hn::Set(words, 0x80)));
      const auto bits = hn::Or(hn::Or(hn::ShiftLeft<7>(magnitude), nan), sign);
      return hn::Mul(hn::PromoteTo(Floats(), hn::BitCast(halves, bits)),
                     hn::Set(Floats(), 256.0f));
    }
  }
};

struct ScaledE4M3 {
  static constexpr std::size_t kElements = 16, kBytes = 16, kUnits = 1;
  static constexpr std::size_t kScales = 1;
  template <std::size_t kStep>
  static HWY_INLINE FloatVec Decode(const std::uint8_t* b, const float* scales,
                                    std::size_t, std::size_t lane) {
    return hn::Mul(F8<true>::Decode<kStep>(b, nullptr, 0, lane),
                   hn::Set(Floats(), scales[0]));
  }
};

// Entries [first, first + count) of a row of scales or biases, count <= 8, to
// out[8].
HWY_INLINE void LoadScales(const GroupScales& groups, const std::byte* row,
                           std::size_t first, std::size_t count, float* out) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(row);
  switch (groups.dtype) {
    case DType::kF32:
      std::memcpy(out, at + 4 * first, 4 * count);
      return;
    case DType::kF16: {
      std::uint16_t bits[8] = {};
      // One by one: a copy of unknown length is a call.
      for (std::size_t i = 0; i < count; ++i) {
        bits[i] = LoadAs<std::uint16_t>(at + 2 * (first + i));
      }
      return WidenEight(hn::LoadU(Halves(), bits), out);
    }
    case DType::kBF16:
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t bits = LoadAs<std::uint16_t>(at + 2 * (first + i));
        out[i] = std::bit_cast<float>(bits << 16);
      }
      return;
    case DType::kF8E8M0:
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t e = at[first + i];  // 2^(e - 127), or NaN
        out[i] = std::bit_cast<float>(
            e == 0 ? 0x00400000u : (e == 255 ? 0x7fc00000u : e << 23));
      }
      return;
    default: {  // kF8E4M3
      std::uint8_t bytes[kStepElements] = {};
      float values[kStepElements];
      std::memcpy(bytes, at + first, count);
      for (std::size_t lane = 0; lane < 8; lane += kLanes) {
        hn::StoreU(F8<true>::Decode<0>(bytes, nullptr, 0, lane), Floats(),
                   values + lane);
      }
      for (std::size_t i = 0; i < count; ++i)
        out[i] = values[i] * groups.factor;
      return;
    }
  }
}

// The scales of `count` blocks of row r of w from element `begin` on, which
// begins a group: [count][kScales].
template <class Block>
HWY_INLINE void UnpackGroups(const WeightView& w, std::size_t r,
                             std::size_t begin, std::size_t count,
                             float* scales) {
  const GroupScales& groups = w.groups;
  const std::byte *scales_row = w.ScalesOfRow(r),
                  *biases_row = w.BiasesOfRow(r);
  const std::size_t repeat = groups.elements / Block::kElements;
  std::size_t group = begin / groups.elements;
  for (std::size_t i = 0; i < count;) {
    float s[8], b[8];
    const std::size_t some =
        std::min<std::size_t>(8, (count - i + repeat - 1) / repeat);
    LoadScales(groups, scales_row, group, some, s);
    if constexpr (Block::kScales == 2) {
      LoadScales(groups, biases_row, group, some, b);
    }
    for (std::size_t j = 0; j < some; ++j) {
      for (std::size_t k = 0; k < repeat && i < count; ++k, ++i) {
        *scales++ = s[j];
        if constexpr (Block::kScales == 2) *scales++ = b[j];
      }
    }
    group += some;
  }
}

// The same, wherever the format has its scales.
template <class Block>
HWY_INLINE void UnpackRow(const WeightView& w, std::size_t r, std::size_t begin,
                          std::size_t count, float* scales) {
  if constexpr (requires { Block::UnpackScales(nullptr, count, scales); }) {
    const auto* row = reinterpret_cast<const std::uint8_t*>(w.Row(r));
    Block::UnpackScales(row + begin / Block::kElements * Block::kBytes, count,
                        scales);
  } else {
    UnpackGroups<Block>(w, r, begin, count, scales);
  }
}

}  // namespace blocks
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
