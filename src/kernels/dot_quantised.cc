// Registers hold the partials of a tile: one to four weight rows by all rows of
// x. Elements of a weight row are decoded a register at a time, each used with
// every row of x, which the nearest cache holds: rows too long for that are
// worked on in chunks of K. The scales of a panel of weight rows are unpacked
// before its tiles.
//
// With AVX2 the multiply-adds take their operand of x from memory. To share a
// load of x between two weight rows, at half of the partials at a time, costs
// more in spilled registers than it saves in loads.
#include "kernels/dot_quantised.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/canonical.h"
#include "kernels/isa.h"
#include "kernels/reference/decode.h"
#include "kernels/reference/linear.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dot_quantised.cc"  // this file, from src/
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"
#include "kernels/blocks-inl.h"
#include "kernels/fold-inl.h"
#include "kernels/packed-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using blocks::Floats;
using blocks::FloatVec;
using blocks::kLanes;
static_assert(blocks::kStepElements == kPartials);

// Registers that hold the 16 partials of one output, and those that a tile may
// take for partials, beside its operands: of 16 with AVX2, else of 32.
constexpr std::size_t kRegisters = kPartials / kLanes;
constexpr std::size_t kBudget = kRegisters == 2 ? 12 : 24;
// Rows of x of a tile. With AVX-512, of whose registers ten would do, panels
// (kernels/decode_panel.h) are as fast from there on.
constexpr std::size_t kMaxRows = std::min<std::size_t>(kBudget / kRegisters, 8);
static_assert(kMaxRows <= kMaxDotQuantisedRows);

// Weight rows of a tile: with few rows of x so many that a multiply-add does
// not wait for the last one.
template <std::size_t kRows>
constexpr std::size_t kColsOf = kBudget / (kRows * kRegisters) >= 4   ? 4
                                : kBudget / (kRows * kRegisters) >= 2 ? 2
                                                                      : 1;

// Weight rows of a panel, whose partials are folded at once.
constexpr std::size_t kPanelRows = 16;
constexpr std::size_t kFoldCols = 4;

// A chunk of K: at most so many floats of x, 20 KiB, and elements of a row.
constexpr std::size_t kChunkFloats = 5120;
constexpr std::size_t kMaxChunk = 2048;
constexpr std::size_t kChunkUnit = 256;  // whole blocks of each format
constexpr std::size_t kMaxScales = kMaxChunk / 16;

// A panel's operands, of a chunk of K.
struct Panel {
  const float* x[kMaxRows];           // [chunk] each
  const std::uint8_t* w[kPanelRows];  // blocks
  std::size_t blocks;                 // of a row
};

struct Scratch {
  static constexpr std::size_t kScaleStride = kMaxScales + blocks::kScaleSlack;
  alignas(64) float partials[kMaxRows][kPanelRows][kPartials];
  float scales[kPanelRows * kScaleStride];
};

// Adds a unit of a block, whose elements of x are at `x`, to a tile's partials:
// kRows by kCols outputs of kRegisters each.
template <class Block, std::size_t kRows, std::size_t kCols>
HWY_INLINE void AddUnit(const float* const (&x)[kRows],
                        const std::uint8_t* const (&w)[kCols],
                        const float* scales, std::size_t unit, std::size_t at,
                        FloatVec (&sum)[kRows * kCols * kRegisters]) {
  constexpr std::size_t kSteps = Block::kElements / Block::kUnits / kPartials;
  Unroll<kCols>([&](auto j) HWY_ATTR {
    const float* scale = scales + j * Scratch::kScaleStride;
    Unroll<kRegisters>([&](auto r) HWY_ATTR {
      Unroll<kSteps>([&](auto step) HWY_ATTR {
        const FloatVec b =
            Block::template Decode<step>(w[j], scale, unit, r * kLanes);
        Unroll<kRows>([&](auto i) HWY_ATTR {
          const float* from = x[i] + at + step * kPartials + r * kLanes;
          FloatVec& s = sum[(i * kCols + j) * kRegisters + r];
          s = hn::MulAdd(hn::LoadU(Floats(), from), b, s);
        });
      });
    });
  });
}

// Adds a chunk to the partials of rows [n, n + kColsOf<kRows>) of a panel.
template <class Block, std::size_t kRows>
void AccumulateTile(const Panel& panel, std::size_t n, Scratch& scratch) {
  constexpr std::size_t kCols = kColsOf<kRows>;
  constexpr std::size_t kSums = kRows * kCols * kRegisters;
  const auto partials = [&](auto s) HWY_ATTR {
    constexpr std::size_t kOutput = s / kRegisters;
    float* output = scratch.partials[kOutput / kCols][n + kOutput % kCols];
    return output + s % kRegisters * kLanes;
  };
  const float* x[kRows];
  const std::uint8_t* w[kCols];
  FloatVec sum[kSums];
  Unroll<kRows>([&](auto i) HWY_ATTR { x[i] = panel.x[i]; });
  Unroll<kCols>([&](auto j) HWY_ATTR { w[j] = panel.w[n + j]; });
  Unroll<kSums>([&](auto s)
                    HWY_ATTR { sum[s] = hn::Load(Floats(), partials(s)); });
  const float* scales = scratch.scales + n * Scratch::kScaleStride;
  std::size_t at = 0;
  for (std::size_t block = 0; block < panel.blocks; ++block) {
    for (std::size_t unit = 0; unit < Block::kUnits; ++unit) {
      AddUnit<Block, kRows, kCols>(x, w, scales, unit, at, sum);
      at += Block::kElements / Block::kUnits;
    }
    Unroll<kCols>([&](auto j) HWY_ATTR { w[j] += Block::kBytes; });
    scales += Block::kScales;
  }
  Unroll<kSums>([&](auto s)
                    HWY_ATTR { hn::Store(sum[s], Floats(), partials(s)); });
}

// Elements of a chunk of K: chunks of about equal length, and of whole units
// but for the last.
std::size_t ChunkOf(std::size_t rows, std::size_t k) {
  const std::size_t most =
      std::min(kMaxChunk, kChunkFloats / rows / kChunkUnit * kChunkUnit);
  const std::size_t chunks = (k + most - 1) / most;
  const std::size_t equal = (k + chunks - 1) / chunks;
  return (equal + kChunkUnit - 1) / kChunkUnit * kChunkUnit;
}

void FoldPanel(const Scratch& scratch, MatrixView out) {
  for (std::size_t i = 0; i < out.rows; ++i) {
    float* row = out.Row(i);
    std::size_t j = 0;
    for (; j + kFoldCols <= out.cols; j += kFoldCols) {
      hn::StoreU(FoldFour(scratch.partials[i][j]), Quad(), row + j);
    }
    if (j < out.cols) {
      alignas(16) float last[kFoldCols];
      hn::Store(FoldFour(scratch.partials[i][j]), Quad(), last);
      std::memcpy(row + j, last, (out.cols - j) * sizeof(float));
    }
  }
}

// Starts to bring bytes into the nearest cache.
void Fetch(const std::byte* at, std::size_t count) {
  constexpr std::size_t kLine = 64;
  for (std::size_t i = 0; i < count; i += kLine) hwy::Prefetch(at + i);
}

// At most kPanelRows of w; `ahead` more rows come next. These are fetched
// meanwhile: unpacking scales is what first touches a panel, and its jumps from
// block to block are not what processors foresee.
template <class Block, std::size_t kRows>
void DotPanel(ConstMatrixView x, const WeightView& w, std::size_t begin,
              std::size_t ahead, MatrixView out, Scratch& scratch) {
  constexpr std::size_t kCols = kColsOf<kRows>;
  const std::size_t rows = (out.cols + kFoldCols - 1) / kFoldCols * kFoldCols;
  const std::size_t chunk = ChunkOf(kRows, x.cols);
  for (std::size_t i = 0; i < kRows; ++i) {
    std::memset(scratch.partials[i], 0, rows * sizeof(scratch.partials[i][0]));
  }
  for (std::size_t k = 0; k < x.cols; k += chunk) {
    Panel panel;
    panel.blocks = std::min(chunk, x.cols - k) / Block::kElements;
    for (std::size_t i = 0; i < kRows; ++i) panel.x[i] = x.Row(i) + k;
    for (std::size_t j = 0; j < rows; ++j) {
      // Past the last row of w: that row again; such dots are not stored.
      const std::size_t row = begin + std::min(j, out.cols - 1);
      panel.w[j] = reinterpret_cast<const std::uint8_t*>(w.Row(row)) +
                   k / Block::kElements * Block::kBytes;
      blocks::UnpackRow<Block>(w, row, k, panel.blocks,
                               scratch.scales + j * Scratch::kScaleStride);
    }
    for (std::size_t j = 0; j < rows; j += kCols) {
      for (std::size_t i = j; i < std::min(j + kCols, ahead); ++i) {
        const std::byte* row = w.Row(begin + kPanelRows + i);
        Fetch(row + k / Block::kElements * Block::kBytes,
              panel.blocks * Block::kBytes);
      }
      AccumulateTile<Block, kRows>(panel, j, scratch);
    }
  }
  FoldPanel(scratch, out);
}

template <class Block, std::size_t kRows>
void DotRows(ConstMatrixView x, const WeightView& w, std::size_t begin,
             MatrixView out) {
  Scratch scratch;
  for (std::size_t n = 0; n < out.cols; n += kPanelRows) {
    const std::size_t cols = std::min(kPanelRows, out.cols - n);
    const std::size_t ahead = std::min(kPanelRows, out.cols - n - cols);
    DotPanel<Block, kRows>(x, w, begin + n, ahead,
                           {out.data + n, out.rows, cols, out.stride}, scratch);
  }
}

using DotFunction = void (*)(ConstMatrixView, const WeightView&, std::size_t,
                             MatrixView);

template <class Block, std::size_t... kCounts>
constexpr auto EveryCount(std::index_sequence<kCounts...>) {
  return std::array<DotFunction, sizeof...(kCounts)>{
      DotRows<Block, kCounts + 1>...};
}

// Of the formats of the default model: code of its own for every number of rows
// of x that a tile may have.
template <class Block>
void DotEveryCount(ConstMatrixView x, const WeightView& w, std::size_t begin,
                   MatrixView out) {
  constexpr auto kOf = EveryCount<Block>(std::make_index_sequence<kMaxRows>());
  for (std::size_t m = 0; m < x.rows;) {
    const std::size_t count = std::min(kMaxRows, x.rows - m);
    kOf[count - 1](x.Rows(m, count), w, begin, out.Rows(m, count));
    m += count;
  }
}

// Of the others: rows of x by fours, and one by one. (All counts of all formats
// took the compiler minutes.)
template <class Block>
void DotBlocks(ConstMatrixView x, const WeightView& w, std::size_t begin,
               MatrixView out) {
  for (std::size_t m = 0; m < x.rows;) {
    const std::size_t count = x.rows - m >= 4 ? 4 : 1;
    const DotFunction dot = count == 4 ? DotRows<Block, 4> : DotRows<Block, 1>;
    dot(x.Rows(m, count), w, begin, out.Rows(m, count));
    m += count;
  }
}

void DotAnyFormat(ConstMatrixView x, const WeightView& w, std::size_t begin,
                  MatrixView out) {
  switch (w.dtype) {
    case DType::kF16:
      return DotBlocks<blocks::F16>(x, w, begin, out);
    case DType::kBF16:
      return DotBlocks<blocks::BF16>(x, w, begin, out);
    case DType::kQ4_0:
      return DotBlocks<blocks::Q4_0>(x, w, begin, out);
    case DType::kQ5_0:
      return DotBlocks<blocks::Q5_0>(x, w, begin, out);
    case DType::kQ5_1:
      return DotBlocks<blocks::Q5_1>(x, w, begin, out);
    case DType::kQ4_K:
      return DotBlocks<blocks::Q4_K>(x, w, begin, out);
    case DType::kQ5_K:
      return DotBlocks<blocks::Q5_K>(x, w, begin, out);
    case DType::kQ6_K:
      return DotBlocks<blocks::Q6_K>(x, w, begin, out);
    case DType::kQ4_1:
      return DotEveryCount<blocks::Q4_1>(x, w, begin, out);
    case DType::kQ8_0:
      return DotEveryCount<blocks::Q8_0>(x, w, begin, out);
    case DType::kU4:
      return DotBlocks<blocks::Affine<4>>(x, w, begin, out);
    case DType::kU8:
      return DotBlocks<blocks::Affine<8>>(x, w, begin, out);
    default:
      return;  // ruled out by CanDotQuantised
  }
}

std::size_t RowsOfTile() { return kMaxRows; }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {
namespace {

// Whether DotAnyFormat knows the format: common ones do, since each is compiled
// for every number of rows of x.
bool HasFormat(DType dtype) {
  switch (dtype) {
    case DType::kF16:
    case DType::kBF16:
    case DType::kQ4_0:
    case DType::kQ4_1:
    case DType::kQ5_0:
    case DType::kQ5_1:
    case DType::kQ8_0:
    case DType::kQ4_K:
    case DType::kQ5_K:
    case DType::kQ6_K:
    case DType::kU4:
    case DType::kU8:
      return true;
    default:
      return false;
  }
}

// The plain way, a row at a time.
void DotReference(ConstMatrixView x, const WeightView& w, std::size_t begin,
                  MatrixView out) {
  std::vector<float> row(w.cols);
  for (std::size_t n = 0; n < out.cols; ++n) {
    reference::DecodeRow(w, begin + n, row);
    for (std::size_t m = 0; m < out.rows; ++m) {
      out.Row(m)[n] = reference::Dot(x.RowSpan(m), row);
    }
  }
}

}  // namespace

HWY_EXPORT(DotAnyFormat);
HWY_EXPORT(RowsOfTile);

std::size_t MostDotQuantisedRows(const WeightView& w) {
  constexpr std::size_t kOtherFormats = 6;
  const std::size_t rows = HWY_DYNAMIC_DISPATCH(RowsOfTile)();
  const bool every_count = w.dtype == DType::kQ4_1 || w.dtype == DType::kQ8_0;
  return every_count ? rows : std::min(rows, kOtherFormats);
}

bool CanDotQuantised(const WeightView& w) {
  return HasFormat(w.dtype) && !w.transposed && w.cols % kPartials == 0;
}

void DotQuantised(ConstMatrixView x, const WeightView& w, std::size_t begin,
                  MatrixView out) {
  assert(CanDotQuantised(w) && x.cols == w.cols);
  assert(x.rows > 0 && x.rows <= kMaxDotQuantisedRows);
  assert(out.rows == x.rows && begin + out.cols <= w.rows);
  if (UsesReference()) return DotReference(x, w, begin, out);
  HWY_DYNAMIC_DISPATCH(DotAnyFormat)(x, w, begin, out);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
