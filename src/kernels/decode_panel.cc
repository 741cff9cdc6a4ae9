// A register holds one number of each of kLanes rows: first a word of their
// bytes, then one element of it at a time, with scales that differ by lane.
#include "kernels/decode_panel.h"

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "hwy/cache_control.h"
#include "kernels/panel_layout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/decode_panel.cc"  // seen from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"
#include "kernels/blocks-inl.h"
#include "kernels/packed-inl.h"
#include "kernels/transpose-inl.h"
#include "kernels/unroll-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

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
  TileOfWords words;
  const TransposedTile first = LoadTile(rows, at);
  if constexpr (kTiles == 1) {
    Unroll<kTileWords>([&](auto i) HWY_ATTR {
      words.v[i] = hn::BitCast(Words(), first.v[i]);
    });
  } else {
    static_assert(kTiles == 2);
    const TransposedTile second = LoadTile(rows + kTransposeRows, at);
    Unroll<kTileWords>([&](auto i) HWY_ATTR {
      words.v[i] =
          hn::BitCast(Words(), hn::Combine(Floats(), second.v[i], first.v[i]));
    });
  }
  return words;
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

// A panel and where its rows come from; in place of missing ones, the last
// again.
struct Panel {
  Panel(const WeightView& w, std::size_t begin, std::size_t count, float* to) {
    const std::size_t section = PanelSection(StepsOf(w.cols));
    for (std::size_t r = 0; r < kPanelRows; ++r) {
      row[r] = begin + std::min(r, count - 1);
      bytes[r] = reinterpret_cast<const std::uint8_t*>(w.Row(row[r]));
    }
    next = bytes[0] + kPanelRows * w.row_bytes;
    for (std::size_t j = 0; j < kPartials; ++j) {
      sections[j] = to + kSectionOf[j] * section;
    }
  }

  // Fetches a part of the next panel's bytes, most likely the next in the file:
  // what is read in 16 places at once, processors do not foresee.
  template <std::size_t kPart>
  HWY_INLINE void FetchNext(std::size_t part) const {
    const std::uint8_t* at = next + part * kPart;
    for (std::size_t i = 0; i < kPart; i += 64) hwy::Prefetch(at + i);
  }

  std::size_t row[kPanelRows];
  const std::uint8_t* next;
  const std::uint8_t* bytes[kPanelRows];
  float* sections[kPartials];
};

// Block `block` of rows [lane, lane + kLanes) of a panel.
template <class Format>
HWY_INLINE void DecodeBlock(const Panel& panel, std::size_t block,
                            std::size_t lane, const Scales& scales) {
  const std::size_t at = block * Format::kBytes + Format::kFirst;
  const std::size_t to = block * Format::kElements + lane;
  Unroll<Format::kTiles>([&](auto tile) HWY_ATTR {
    const TileOfWords words =
        LoadWords(panel.bytes + lane, at + tile * kTileBytes);
    Unroll<kTileWords * Format::kFields>([&](auto i) HWY_ATTR {
      constexpr std::size_t kWord = i / Format::kFields;
      constexpr std::size_t kField = i % Format::kFields;
      constexpr std::size_t k = Format::ElementOf(tile, kWord, kField);
      const FloatVec value =
          Format::template Value<kField>(words.v[kWord], scales);
      // A step of a section holds one element of each of 16 rows.
      hn::Store(
          value, Floats(),
          panel.sections[k % kPartials] + to + k / kPartials * kPanelRows);
    });
  });
}
static_assert(kPanelRows == kPartials, "as many floats as elements are read");

// Scales in the blocks.
template <class Format>
void DecodeBlocks(const WeightView& w, std::size_t begin, std::size_t count,
                  float* to) {
  const Panel panel(w, begin, count, to);
  const std::size_t all = w.cols / Format::kElements;
  for (std::size_t block = 0; block < all; ++block) {
    panel.FetchNext<kPanelRows * Format::kBytes>(block);
    for (std::size_t lane = 0; lane < kPanelRows; lane += kLanes) {
      DecodeBlock<Format>(
          panel, block, lane,
          Format::ScalesAt(panel.bytes + lane, block * Format::kBytes));
    }
  }
}

// Groups whose scales are read at once.
constexpr std::size_t kGroups = 8;

// Scales or biases of groups [first, first + count), from rows that begin at
// `row_of(r)`.
template <class RowOf>
void LoadGroups(const GroupScales& groups, std::size_t first, std::size_t count,
                const RowOf& row_of, float (&out)[kGroups][kPanelRows]) {
  for (std::size_t r = 0; r < kPanelRows; ++r) {
    float values[kGroups];
    blocks::LoadScales(groups, row_of(r), first, count, values);
    for (std::size_t i = 0; i < count; ++i) out[i][r] = values[i];
  }
}

// Scales beside the matrix.
template <class Format>
void DecodeGroups(const WeightView& w, std::size_t begin, std::size_t count,
                  float* to) {
  const Panel panel(w, begin, count, to);
  const std::size_t all = w.cols / w.groups.elements;
  const std::size_t blocks_each = w.groups.elements / Format::kElements;
  alignas(64) float scales[kGroups][kPanelRows], biases[kGroups][kPanelRows];
  for (std::size_t first = 0; first < all; first += kGroups) {
    const std::size_t some = std::min(kGroups, all - first);
    LoadGroups(
        w.groups, first, some,
        [&](std::size_t r) { return w.ScalesOfRow(panel.row[r]); }, scales);
    LoadGroups(
        w.groups, first, some,
        [&](std::size_t r) { return w.BiasesOfRow(panel.row[r]); }, biases);
    for (std::size_t i = 0; i < some * blocks_each; ++i) {
      const std::size_t group = i / blocks_each;
      panel.FetchNext<kPanelRows * Format::kBytes>(first * blocks_each + i);
      for (std::size_t lane = 0; lane < kPanelRows; lane += kLanes) {
        const Scales s = {hn::Load(Floats(), scales[group] + lane),
                          hn::Load(Floats(), biases[group] + lane)};
        DecodeBlock<Format>(panel, first * blocks_each + i, lane, s);
      }
    }
  }
}

void DecodeOfType(const WeightView& w, std::size_t begin, std::size_t count,
                  float* to) {
  switch (w.dtype) {
    case DType::kF16:
      return DecodeBlocks<F16>(w, begin, count, to);
    case DType::kBF16:
      return DecodeBlocks<BF16>(w, begin, count, to);
    case DType::kQ4_0:
      return DecodeBlocks<Q4_0>(w, begin, count, to);
    case DType::kQ4_1:
      return DecodeBlocks<Q4_1>(w, begin, count, to);
    case DType::kQ8_0:
      return DecodeBlocks<Q8_0>(w, begin, count, to);
    case DType::kU4:
      return DecodeGroups<Affine<4>>(w, begin, count, to);
    default:
      assert(w.dtype == DType::kU8);
      return DecodeGroups<Affine<8>>(w, begin, count, to);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(DecodeOfType);

bool CanDecodePanel(const WeightView& w) {
  if (w.transposed) return false;
  switch (w.dtype) {
    case DType::kF16:
    case DType::kBF16:
      return w.cols % 16 == 0;
    case DType::kQ4_0:
    case DType::kQ4_1:
    case DType::kQ8_0:
      return true;
    case DType::kU4:
    case DType::kU8:
      return w.groups.elements % 32 == 0 && w.groups.biases != nullptr;
    default:
      return false;
  }
}

void DecodePanel(const WeightView& w, std::size_t begin, std::size_t count,
                 float* to) {
  assert(CanDecodePanel(w) && count > 0 && count <= kPanelRows);
  assert(begin + count <= w.rows);
  HWY_DYNAMIC_DISPATCH(DecodeOfType)(w, begin, count, to);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
