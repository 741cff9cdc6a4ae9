// Block by block of a panel's rows: their scales, then a tile of their bytes,
// then each element of all rows to its place (kernels/panel_blocks-inl.h).
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
#include "kernels/panel_blocks-inl.h"
#include "kernels/unroll-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using blocks::FloatVec;
using panel_blocks::Floats;
using panel_blocks::kLanes;
using panel_blocks::kTileBytes;
using panel_blocks::kTileWords;
using panel_blocks::LoadWords;
using panel_blocks::Scales;
using panel_blocks::TileOfWords;

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

// Blocks of 256.
template <class Format>
void DecodeLargeBlocks(const WeightView& w, std::size_t begin,
                       std::size_t count, float* to) {
  using Packed = typename Format::Packed;
  constexpr std::size_t kUnit = Format::kUnitElements;
  static_assert(kUnit * Packed::kUnits == Packed::kElements);
  const Panel panel(w, begin, count, to);
  alignas(64) float scales[Packed::kScales][kPanelRows];
  for (std::size_t block = 0; block < w.cols / Packed::kElements; ++block) {
    panel.FetchNext<kPanelRows * Packed::kBytes>(block);
    const std::size_t at = block * Packed::kBytes;
    for (std::size_t r = 0; r < kPanelRows; ++r) {
      float values[Packed::kScales + blocks::kScaleSlack];
      Packed::UnpackScales(panel.bytes[r] + at, 1, values);
      for (std::size_t i = 0; i < Packed::kScales; ++i) {
        scales[i][r] = values[i];
      }
    }
    for (std::size_t unit = 0; unit < Packed::kUnits; ++unit) {
      const std::size_t first = block * Packed::kElements + unit * kUnit;
      for (std::size_t lane = 0; lane < kPanelRows; lane += kLanes) {
        Format::DecodeUnit(panel.bytes + lane, at, unit, scales[0] + lane,
                           [&](auto k, hn::Vec<Floats> value) HWY_ATTR {
                             hn::Store(value, Floats(),
                                       panel.sections[k % kPartials] + first +
                                           lane + k / kPartials * kPanelRows);
                           });
      }
    }
  }
}

void DecodeOfType(const WeightView& w, std::size_t begin, std::size_t count,
                  float* to) {
  switch (w.dtype) {
    case DType::kF16:
      return DecodeBlocks<panel_blocks::F16>(w, begin, count, to);
    case DType::kBF16:
      return DecodeBlocks<panel_blocks::BF16>(w, begin, count, to);
    case DType::kQ4_0:
      return DecodeBlocks<panel_blocks::Q4_0>(w, begin, count, to);
    case DType::kQ4_1:
      return DecodeBlocks<panel_blocks::Q4_1>(w, begin, count, to);
    case DType::kQ8_0:
      return DecodeBlocks<panel_blocks::Q8_0>(w, begin, count, to);
    case DType::kQ4_K:
      return DecodeLargeBlocks<panel_blocks::Q4_K>(w, begin, count, to);
    case DType::kQ5_K:
      return DecodeLargeBlocks<panel_blocks::Q5_K>(w, begin, count, to);
    case DType::kQ6_K:
      return DecodeLargeBlocks<panel_blocks::Q6_K>(w, begin, count, to);
    case DType::kU4:
      return DecodeGroups<panel_blocks::Affine<4>>(w, begin, count, to);
    default:
      assert(w.dtype == DType::kU8);
      return DecodeGroups<panel_blocks::Affine<8>>(w, begin, count, to);
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
    case DType::kQ4_K:
    case DType::kQ5_K:
    case DType::kQ6_K:
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
