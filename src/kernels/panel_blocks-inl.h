// The formats of quantised and narrow weights as kernels/decode_panel.cc reads
// them: registers hold one number of each of kLanes rows, first a word of their
// bytes, then one element of it at a time, with scales that differ by lane. The
// last steps are those of kernels/blocks-inl.h, and so are the numbers.
//
// Include guard toggled by Highway's multiple inclusion, hence this form.
#if defined(PELLUCID_KERNELS_PANEL_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PELLUCID_KERNELS_PANEL_BLOCKS_INL_H_
#undef PELLUCID_KERNELS_PANEL_BLOCKS_INL_H_
#else
#define PELLUCID_KERNELS_PANEL_BLOCKS_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"
#include "kernels/blocks-inl.h"
#include "kernels/panel_layout.h"
#include "kernels/transpose-inl.h"
#include "kernels/unroll-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace panel_blocks {

namespace hn = hwy::HWY_NAMESPACE;

using blocks::Floats;
using blocks::FloatVec;
using blocks::Ints;
using blocks::IntVec;
using blocks::kLanes;
using Words = hn::RebindToUnsigned<Floats>;
using WordVec = hn::Vec<Words>;

// The bytes of a row that are turned around at once.
constexpr std::size_t kTileWords = 4, kTileBytes = 16;

template <std::size_t kIndex>
using Index = std::integral_constant<std::size_t, kIndex>;

// Words of kLanes rows, lane r being of row r.
struct TileOfWords {
  WordVec v[kTileWords];
};

HWY_INLINE TransposedTile LoadTile(const std::uint8_t* const* rows,
                                   std::size_t at) {
  const hn::CappedTag<std::uint8_t, kTileBytes> bytes;
  return TransposeTile([&](std::size_t r) HWY_ATTR {
    return hn::BitCast(TileFour(), hn::LoadU(bytes, rows[r] + at));
  });
}

// Bytes [at, at + 16) of kLanes rows, which are one tile or two.
template <std::size_t kTiles = kLanes / kTransposeRows>
HWY_INLINE TileOfWords LoadWords(const std::uint8_t* const* rows,
                                 std::size_t at) {
  const TransposedTile first = LoadTile(rows, at);
  const auto of_tiles = [&](const auto& word) HWY_ATTR -> TileOfWords {
    return {{word(Index<0>()), word(Index<1>()), word(Index<2>()),
             word(Index<3>())}};
  };
  if constexpr (kTiles == 1) {
    return of_tiles([&](auto i)
                        HWY_ATTR { return hn::BitCast(Words(), first.v[i]); });
  } else {
    static_assert(kTiles == 2);
    const TransposedTile second = LoadTile(rows + kTransposeRows, at);
    return of_tiles([&](auto i) HWY_ATTR {
      return hn::BitCast(Words(),
                         hn::Combine(Floats(), second.v[i], first.v[i]));
    });
  }
}

// Bits [kBits kField, kBits (kField + 1)) of each word.
template <std::size_t kBits, std::size_t kField>
HWY_INLINE IntVec Field(WordVec words) {
  constexpr std::size_t kFirst = kBits * kField;
  const WordVec moved = hn::ShiftRight<kFirst>(words);
  if constexpr (kFirst + kBits == 32) {
    return hn::BitCast(Ints(), moved);
  } else {
    return hn::BitCast(
        Ints(),
        hn::And(moved, hn::Set(Words(), (std::uint32_t{1} << kBits) - 1)));
  }
}

// The same with a sign.
template <std::size_t kBits, std::size_t kField>
HWY_INLINE IntVec SignedField(WordVec words) {
  constexpr std::size_t kAbove = 32 - kBits * (kField + 1);
  return hn::ShiftRight<32 - kBits>(
      hn::ShiftLeft<kAbove>(hn::BitCast(Ints(), words)));
}

// The lower half of each word, which is a half-precision number.
HWY_INLINE FloatVec LowHalves(WordVec words) {
  const hn::Rebind<std::uint16_t, Floats> bits;
  const hn::Rebind<hwy::float16_t, Floats> halves;
  return hn::PromoteTo(Floats(),
                       hn::BitCast(halves, hn::TruncateTo(bits, words)));
}
HWY_INLINE FloatVec HighHalves(WordVec words) {
  return LowHalves(hn::ShiftRight<16>(words));
}

// Of a block of each row.
struct Scales {
  FloatVec scale, bias;
};

// A format has
//   kElements, kBytes    of a block
//   kTiles, kFirst       of 16 bytes each, and the byte at which they begin
//   kFields              elements of a word
//   ElementOf            the element that field f of word w of a tile is
//   Value<f>             of field f of words
//   ScalesAt             where they lie in the blocks: of those that begin at
//                        byte `at` of their rows
struct Q4_1 {
  static constexpr std::size_t kElements = 32, kBytes = 20;
  static constexpr std::size_t kTiles = 1, kFirst = 4, kFields = 8;
  static constexpr std::size_t ElementOf(std::size_t, std::size_t w,
                                         std::size_t f) {
    return 4 * w + f / 2 + f % 2 * 16;
  }
  static HWY_INLINE Scales ScalesAt(const std::uint8_t* const* rows,
                                    std::size_t at) {
    const WordVec both = LoadWords(rows, at).v[0];
    return {LowHalves(both), HighHalves(both)};
  }
  template <std::size_t kField>
  static HWY_INLINE FloatVec Value(WordVec words, const Scales& s) {
    return blocks::ExactScaledPlus(Field<4, kField>(words), s.scale, s.bias);
  }
};

HWY_INLINE Scales ScaleBefore(const std::uint8_t* const* rows, std::size_t at) {
  return {LowHalves(LoadWords(rows, at).v[0]), hn::Zero(Floats())};
}

struct Q4_0 {
  static constexpr std::size_t kElements = 32, kBytes = 18;
  static constexpr std::size_t kTiles = 1, kFirst = 2, kFields = 8;
  static constexpr std::size_t ElementOf(std::size_t tile, std::size_t w,
                                         std::size_t f) {
    return Q4_1::ElementOf(tile, w, f);
  }
  static HWY_INLINE Scales ScalesAt(const std::uint8_t* const* rows,
                                    std::size_t at) {
    return ScaleBefore(rows, at);
  }
  template <std::size_t kField>
  static HWY_INLINE FloatVec Value(WordVec words, const Scales& s) {
    const IntVec q = Field<4, kField>(words);
    return blocks::Scaled(hn::Sub(q, hn::Set(Ints(), 8)), s.scale);
  }
};

struct Q8_0 {
  static constexpr std::size_t kElements = 32, kBytes = 34;
  static constexpr std::size_t kTiles = 2, kFirst = 2, kFields = 4;
  static constexpr std::size_t ElementOf(std::size_t tile, std::size_t w,
                                         std::size_t f) {
    return 16 * tile + 4 * w + f;
  }
  static HWY_INLINE Scales ScalesAt(const std::uint8_t* const* rows,
                                    std::size_t at) {
    return ScaleBefore(rows, at);
  }
  template <std::size_t kField>
  static HWY_INLINE FloatVec Value(WordVec words, const Scales& s) {
    return blocks::Scaled(SignedField<8, kField>(words), s.scale);
  }
};

// MLX's, whose scales lie in tensors beside them.
template <std::size_t kBits>
struct Affine {
  static constexpr std::size_t kElements = 32, kBytes = 4 * kBits;
  static constexpr std::size_t kTiles = kBytes / kTileBytes, kFirst = 0;
  static constexpr std::size_t kFields = 32 / kBits;
  static constexpr std::size_t ElementOf(std::size_t tile, std::size_t w,
                                         std::size_t f) {
    return (kTileWords * tile + w) * kFields + f;
  }
  template <std::size_t kField>
  static HWY_INLINE FloatVec Value(WordVec words, const Scales& s) {
    return blocks::ScaledPlus(Field<kBits, kField>(words), s.scale, s.bias);
  }
};

// Elements of 16 bits without a scale.
struct Narrow {
  static constexpr std::size_t kElements = 16, kBytes = 32;
  static constexpr std::size_t kTiles = 2, kFirst = 0, kFields = 2;
  static constexpr std::size_t ElementOf(std::size_t tile, std::size_t w,
                                         std::size_t f) {
    return 8 * tile + 2 * w + f;
  }
  static HWY_INLINE Scales ScalesAt(const std::uint8_t* const*, std::size_t) {
    return {hn::Zero(Floats()), hn::Zero(Floats())};
  }
};

struct F16 : Narrow {
  template <std::size_t kField>
  static HWY_INLINE FloatVec Value(WordVec words, const Scales&) {
    return kField == 0 ? LowHalves(words) : HighHalves(words);
  }
};

// The upper halves of floats.
struct BF16 : Narrow {
  template <std::size_t kField>
  static HWY_INLINE FloatVec Value(WordVec words, const Scales&) {
    const WordVec upper = kField == 0
                              ? hn::ShiftLeft<16>(words)
                              : hn::And(words, hn::Set(Words(), 0xffff0000u));
    return hn::BitCast(Floats(), upper);
  }
};

// Blocks of 256, whose scales are unpacked row by row (kernels/blocks-inl.h) to
// [kScales][kPanelRows]. A format has
//   Packed         the same in blocks-inl.h
//   kUnitElements  of one of its units
//   DecodeUnit     of rows that begin at rows[r] + at, the block's first byte:
//                  calls put(k, value) with each element k of the unit;
//                  `scales` points at those of lane 0
struct Q4_K {
  using Packed = blocks::Q4_K;
  static constexpr std::size_t kUnitElements = 64;
  template <class Put>
  static HWY_INLINE void DecodeUnit(const std::uint8_t* const* rows,
                                    std::size_t at, std::size_t unit,
                                    const float* scales, const Put& put) {
    const Pair s(scales, unit);
    Unroll<2>([&](auto tile) HWY_ATTR {
      const TileOfWords q =
          LoadWords(rows, at + 16 + 32 * unit + kTileBytes * tile);
      Unroll<8 * kTileWords>([&](auto i) HWY_ATTR {
        constexpr std::size_t kWord = i / 8, kField = i % 8, kHigh = i % 2;
        put(Index<32 * kHigh + 16 * tile + 4 * kWord + kField / 2>(),
            blocks::ExactScaledMinus(Field<4, kField>(q.v[kWord]),
                                     s.scale[kHigh], s.min[kHigh]));
      });
    });
  }
  // Scales and minima of the low and the high nibbles of a unit.
  struct Pair {
    HWY_INLINE Pair(const float* scales, std::size_t unit) {
      for (std::size_t high = 0; high < 2; ++high) {
        const float* at = scales + (2 * unit + high) * kPanelRows;
        scale[high] = hn::Load(Floats(), at);
        min[high] = hn::Load(Floats(), at + 8 * kPanelRows);
      }
    }
    FloatVec scale[2], min[2];
  };
};

struct Q5_K {
  using Packed = blocks::Q5_K;
  static constexpr std::size_t kUnitElements = 64;
  template <class Put>
  static HWY_INLINE void DecodeUnit(const std::uint8_t* const* rows,
                                    std::size_t at, std::size_t unit,
                                    const float* scales, const Put& put) {
    const Q4_K::Pair s(scales, unit);
    Unroll<2>([&](auto tile) HWY_ATTR {
      const TileOfWords q =
          LoadWords(rows, at + 48 + 32 * unit + kTileBytes * tile);
      const TileOfWords fifth = LoadWords(rows, at + 16 + kTileBytes * tile);
      Unroll<kTileWords>([&](auto word) HWY_ATTR {
        // The fifth bits of four low nibbles, and of the four high ones.
        const WordVec bits =
            hn::ShiftRightSame(fifth.v[word], static_cast<int>(2 * unit));
        Unroll<8>([&](auto field) HWY_ATTR {
          constexpr std::size_t kHigh = field % 2, kByte = field / 2;
          const IntVec bit = Field<1, 8 * kByte + kHigh>(bits);
          const IntVec value =
              hn::Or(Field<4, field>(q.v[word]), hn::ShiftLeft<4>(bit));
          put(Index<32 * kHigh + 16 * tile + 4 * word + kByte>(),
              blocks::ExactScaledMinus(value, s.scale[kHigh], s.min[kHigh]));
        });
      });
    });
  }
};

struct Q6_K {
  using Packed = blocks::Q6_K;
  static constexpr std::size_t kUnitElements = 128;
  template <class Put>
  static HWY_INLINE void DecodeUnit(const std::uint8_t* const* rows,
                                    std::size_t at, std::size_t unit,
                                    const float* scales, const Put& put) {
    Unroll<2>([&](auto tile) HWY_ATTR {
      const std::size_t low = at + 64 * unit + kTileBytes * tile;
      const TileOfWords q[2] = {LoadWords(rows, low),
                                LoadWords(rows, low + 32)};
      const TileOfWords upper =
          LoadWords(rows, at + 128 + 32 * unit + kTileBytes * tile);
      Unroll<4>([&](auto quarter) HWY_ATTR {
        const FloatVec scale = hn::Load(
            Floats(), scales + (8 * unit + 2 * quarter + tile) * kPanelRows);
        Unroll<4 * kTileWords>([&](auto i) HWY_ATTR {
          constexpr std::size_t kWord = i / 4, kByte = i % 4;
          const IntVec nibble =
              Field<4, 2 * kByte + quarter / 2>(q[quarter % 2].v[kWord]);
          const IntVec two = Field<2, 4 * kByte + quarter>(upper.v[kWord]);
          const IntVec value = hn::Or(nibble, hn::ShiftLeft<4>(two));
          put(Index<32 * quarter + 16 * tile + i>(),
              blocks::Scaled(hn::Sub(value, hn::Set(Ints(), 32)), scale));
        });
      });
    });
  }
};

}  // namespace panel_blocks
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
