// Three levels. A register tile of a few rows of x by a few of w holds all
// partials of its outputs, so that each loaded register feeds several fused
// multiply-adds. A block of a few such tiles keeps its rows of x in the nearest
// cache while rows of w stream past; rows too long for that are worked on in
// chunks of K. All partials of a block are folded at its end: right after each
// tile, the fold would stall the multiply-adds of the next.
//
// Both operands are read along K as they lie in memory; nothing is packed.
#include "kernels/dot_tile.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <iterator>

#include "kernels/canonical.h"
#include "kernels/isa.h"
#include "kernels/reference/linear.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dot_tile.cc"  // this file, seen from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"
#include "kernels/fold-inl.h"
#include "kernels/unroll-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kPartials>;
using Vec = hn::Vec<Floats>;
constexpr std::size_t kLanes = hn::MaxLanes(Floats());

// Registers that hold the 16 partials of one output.
constexpr std::size_t kRegisters = kPartials / kLanes;

// As many accumulators as there are registers beside the operands: 6 x 4 (and
// 5 operands) of 32 with AVX-512, 3 x 2 of two registers each (and 3) of 16
// with AVX2, 3 x 2 of four each (and 3) of 32 with NEON.
constexpr std::size_t kTileRows = kRegisters == 1 ? 6 : 3;
constexpr std::size_t kTileCols = kRegisters == 1 ? 4 : 2;

// A single row takes more columns, lest each multiply-add wait for the last.
template <std::size_t kRows>
constexpr std::size_t kColsOf = kRows == 1 ? 2 * kTileCols : kTileCols;

// A block: two tiles of x by as many rows of w as make 12 KiB of partials. With
// 640 terms of K its rows of x are 15 or 30 KiB and those of one tile of w 5 or
// 10 KiB, beside which nothing else needs the nearest cache.
constexpr std::size_t kBlockRows = 2 * kTileRows;
constexpr std::size_t kBlockCols = 192 / kBlockRows;
constexpr std::size_t kChunkSteps = 40;  // of 16 terms

// Outputs that are folded at once.
constexpr std::size_t kFoldCols = 4;

struct Partials {
  alignas(64) float values[kBlockRows][kBlockCols][kPartials];
};

// Terms [begin, end) of K, whole steps of kPartials.
struct Range {
  std::size_t begin, end;
};

// Adds the terms `k` of the rows that x and w point at to the partials of a
// tile, the first output's being at `partials`; kStart: there are none yet.
template <std::size_t kRows, bool kStart>
void AccumulateTile(const float* const* x_rows, const float* const* w_rows,
                    const Range k, float* partials) {
  constexpr std::size_t kCols = kColsOf<kRows>;
  constexpr std::size_t kRowStride = kBlockCols * kPartials;
  const Floats d;
  const float *x[kRows], *w[kCols];
  Unroll<kRows>([&](auto i) HWY_ATTR { x[i] = x_rows[i]; });
  Unroll<kCols>([&](auto j) HWY_ATTR { w[j] = w_rows[j]; });
  Vec sum[kRows * kCols * kRegisters];
  Unroll<kRows * kCols * kRegisters>([&](auto s) HWY_ATTR {
    constexpr std::size_t kRow = s / (kCols * kRegisters);
    constexpr std::size_t kInRow = s % (kCols * kRegisters);
    const float* from = partials + kRow * kRowStride + kInRow * kLanes;
    sum[s] = kStart ? hn::Zero(d) : hn::Load(d, from);
  });
  for (std::size_t at = k.begin; at < k.end; at += kPartials) {
    Unroll<kRegisters>([&](auto r) HWY_ATTR {
      Vec b[kCols];
      Unroll<kCols>([&](auto j) HWY_ATTR {
        b[j] = InRegister(hn::LoadU(d, w[j] + at + r * kLanes));
      });
      Unroll<kRows>([&](auto i) HWY_ATTR {
        const Vec a = InRegister(hn::LoadU(d, x[i] + at + r * kLanes));
        Unroll<kCols>([&](auto j) HWY_ATTR {
          Vec& s = sum[(i * kCols + j) * kRegisters + r];
          s = hn::MulAdd(a, b[j], s);
        });
      });
    });
  }
  Unroll<kRows * kCols * kRegisters>([&](auto s) HWY_ATTR {
    constexpr std::size_t kRow = s / (kCols * kRegisters);
    constexpr std::size_t kInRow = s % (kCols * kRegisters);
    hn::Store(sum[s], d, partials + kRow * kRowStride + kInRow * kLanes);
  });
}

using TileFunction = void (*)(const float* const*, const float* const*, Range,
                              float*);
template <bool kStart>
constexpr TileFunction kTileOf[] = {
    nullptr,
    AccumulateTile<1, kStart>,
    AccumulateTile<2, kStart>,
    AccumulateTile<3, kStart>,
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
    AccumulateTile<4, kStart>,
    AccumulateTile<5, kStart>,
    AccumulateTile<6, kStart>,
#endif
};
static_assert(std::size(kTileOf<true>) == kTileRows + 1);

void FoldBlock(const Partials& partials, MatrixView out) {
  for (std::size_t i = 0; i < out.rows; ++i) {
    float* row = out.Row(i);
    std::size_t j = 0;
    for (; j + kFoldCols <= out.cols; j += kFoldCols) {
      hn::StoreU(FoldFour(partials.values[i][j]), Quad(), row + j);
    }
    if (j < out.cols) {
      alignas(16) float last[kFoldCols];
      hn::Store(FoldFour(partials.values[i][j]), Quad(), last);
      std::memcpy(row + j, last, (out.cols - j) * sizeof(float));
    }
  }
}

// Pointers to the rows of a block's operands. Past the last row of w: that row
// again, as far as tiles reach; such dots are not stored.
struct BlockRows {
  BlockRows(ConstMatrixView x_view, ConstMatrixView w_view)
      : rows(x_view.rows), cols(w_view.rows) {
    for (std::size_t i = 0; i < rows; ++i) x[i] = x_view.Row(i);
    for (std::size_t j = 0; j < kBlockCols; ++j) {
      w[j] = w_view.Row(std::min(j, cols - 1));
    }
  }
  std::size_t rows, cols;
  const float* x[kBlockRows];
  const float* w[kBlockCols];
};

template <bool kStart>
void AccumulateBlock(const BlockRows& block, Range k, Partials& partials) {
  // Two tiles of about equal height: 4 rows are 2 + 2, not 3 + 1.
  const std::size_t upper =
      block.rows <= kTileRows ? block.rows : (block.rows + 1) / 2;
  const TileFunction upper_tile = kTileOf<kStart>[upper];
  const TileFunction lower_tile = kTileOf<kStart>[block.rows - upper];
  const std::size_t step = block.rows == 1 ? kColsOf<1> : kTileCols;
  const std::size_t cols = (block.cols + kFoldCols - 1) / kFoldCols * kFoldCols;
  for (std::size_t n = 0; n < cols; n += step) {
    upper_tile(block.x, block.w + n, k, partials.values[0][n]);
    if (lower_tile == nullptr) continue;
    lower_tile(block.x + upper, block.w + n, k, partials.values[upper][n]);
  }
}

// The last K mod 16 terms of a block, padded with zeros to one step.
struct BlockTail {
  BlockTail(const BlockRows& from, std::size_t begin, std::size_t count)
      : block(from) {
    for (std::size_t i = 0; i < from.rows; ++i) {
      std::memcpy(values[i], from.x[i] + begin, count * sizeof(float));
      block.x[i] = values[i];
    }
    for (std::size_t j = 0; j < kBlockCols; ++j) {
      float* to = values[kBlockRows + j];
      std::memcpy(to, from.w[j] + begin, count * sizeof(float));
      block.w[j] = to;
    }
  }
  alignas(64) float values[kBlockRows + kBlockCols][kPartials] = {};
  BlockRows block;
};

// Steps of a chunk of K: chunks of about equal length.
std::size_t StepsOfChunk(std::size_t steps) {
  const std::size_t chunks = (steps + kChunkSteps - 1) / kChunkSteps;
  return (steps + chunks - 1) / std::max(chunks, std::size_t{1});
}

// At most kBlockRows of x by kBlockCols of w.
void DotBlock(ConstMatrixView x, ConstMatrixView w, MatrixView out) {
  Partials partials;
  const BlockRows block(x, w);
  const std::size_t whole = x.cols / kPartials * kPartials;
  const std::size_t chunk = StepsOfChunk(whole / kPartials) * kPartials;
  for (std::size_t k = 0; k < whole; k += chunk) {
    const Range range = {k, std::min(k + chunk, whole)};
    if (k == 0) {
      AccumulateBlock<true>(block, range, partials);
    } else {
      AccumulateBlock<false>(block, range, partials);
    }
  }
  if (whole < x.cols) {
    const BlockTail tail(block, whole, x.cols - whole);
    if (whole == 0) {
      AccumulateBlock<true>(tail.block, {0, kPartials}, partials);
    } else {
      AccumulateBlock<false>(tail.block, {0, kPartials}, partials);
    }
  }
  FoldBlock(partials, out);
}

// Columns [begin, begin + count).
MatrixView Columns(MatrixView y, std::size_t begin, std::size_t count) {
  return {y.data + begin, y.rows, count, y.stride};
}

void DotBlocks(ConstMatrixView x, ConstMatrixView w, MatrixView out) {
  // Blocks of about equal height.
  std::size_t blocks = (x.rows + kBlockRows - 1) / kBlockRows;
  for (std::size_t m = 0; m < x.rows; --blocks) {
    const std::size_t rows = (x.rows - m + blocks - 1) / blocks;
    for (std::size_t n = 0; n < w.rows; n += kBlockCols) {
      const std::size_t cols = std::min(kBlockCols, w.rows - n);
      DotBlock(x.Rows(m, rows), w.Rows(n, cols),
               Columns(out.Rows(m, rows), n, cols));
    }
    m += rows;
  }
}

// sum += the products of 16 terms.
HWY_INLINE void AddProducts(const float* a, const float* b,
                            Vec (&sum)[kRegisters]) {
  const Floats d;
  for (std::size_t r = 0; r < kRegisters; ++r) {
    const std::size_t at = r * kLanes;
    sum[r] = hn::MulAdd(hn::LoadU(d, a + at), hn::LoadU(d, b + at), sum[r]);
  }
}

float DotOf(const float* a, const float* b, std::size_t k) {
  const Floats d;
  Vec sum[kRegisters];
  for (Vec& s : sum) s = hn::Zero(d);
  const std::size_t whole = k / kPartials * kPartials;
  for (std::size_t i = 0; i < whole; i += kPartials) {
    AddProducts(a + i, b + i, sum);
  }
  if (whole < k) {
    float a_tail[kPartials] = {}, b_tail[kPartials] = {};
    std::memcpy(a_tail, a + whole, (k - whole) * sizeof(float));
    std::memcpy(b_tail, b + whole, (k - whole) * sizeof(float));
    AddProducts(a_tail, b_tail, sum);
  }
  alignas(64) float partial[kPartials];
  for (std::size_t r = 0; r < kRegisters; ++r) {
    hn::Store(sum[r], d, partial + r * kLanes);
  }
  return FoldPartials(partial);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(DotBlocks);
HWY_EXPORT(DotOf);

void DotTile(ConstMatrixView x, ConstMatrixView w, MatrixView out) {
  assert(x.cols == w.cols && x.cols > 0);
  assert(out.rows == x.rows && out.cols == w.rows);
  if (UsesReference()) return reference::DotTile(x, w, out);
  HWY_DYNAMIC_DISPATCH(DotBlocks)(x, w, out);
}

float Dot(std::span<const float> a, std::span<const float> b) {
  assert(a.size() == b.size());
  if (UsesReference()) return reference::Dot(a, b);
  return HWY_DYNAMIC_DISPATCH(DotOf)(a.data(), b.data(), a.size());
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
