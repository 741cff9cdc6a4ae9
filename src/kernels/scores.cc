// A tile is a few queries by a few blocks of 16 keys, a key a lane. A partial
// of all its outputs is summed in registers and folded at once, depth first: so
// few of the 16 partials are held at any time.
#include "kernels/scores.h"

#include <algorithm>
#include <cassert>

#include "kernels/canonical.h"
#include "kernels/isa.h"
#include "kernels/reference/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/scores.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/unroll-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Keys = hn::CappedTag<float, kKeysInBlock>;
using Vec = hn::Vec<Keys>;
constexpr std::size_t kLanes = hn::MaxLanes(Keys());
constexpr std::size_t kRegisters = kKeysInBlock / kLanes;  // of a block

constexpr std::size_t kTileRows = 4;
// As many multiply-adds as are under way at a time: two begin in each cycle and
// take four.
constexpr std::size_t kSums = 8;
// Keys that all queries of a call meet together, lest they come from afar for
// each four of them: of 64 features, 16 KiB.
constexpr std::size_t kNearBlocks = 4;

template <std::size_t kRows>
constexpr std::size_t kBlocksOf = std::max<std::size_t>(
    1, std::min(kNearBlocks, kSums / (kRows * kRegisters)));

// What a tile multiplies: kRows queries from `q` on by the keys from `keys` on.
struct TileInputs {
  const float* q;
  std::size_t q_stride;
  const float* keys;
  std::size_t head_dim;
};

template <std::size_t kRows, std::size_t kBlocks>
struct Tile {
  static constexpr std::size_t kInRow = kBlocks * kRegisters;
  // Written out: g++ compiles an implicit one for no instruction set, which
  // NEON's vectors refuse.
  HWY_INLINE Tile() {}
  Vec sum[kRows * kInRow];
};

// The partials kPartial of the tile's dots: features kPartial, kPartial + 16...
template <std::size_t kRows, std::size_t kBlocks>
HWY_INLINE void SumPartial(const TileInputs& in, const std::size_t partial,
                           Tile<kRows, kBlocks>& tile) {
  constexpr std::size_t kInRow = Tile<kRows, kBlocks>::kInRow;
  const Keys d;
  Unroll<kRows * kInRow>([&](auto s) HWY_ATTR { tile.sum[s] = hn::Zero(d); });
  std::size_t k = partial;
  for (; k < in.head_dim; k += kPartials) {
    Vec query[kRows];
    Unroll<kRows>([&](auto i) HWY_ATTR {
      query[i] = hn::Set(d, in.q[i * in.q_stride + k]);
    });
    Unroll<kInRow>([&](auto v) HWY_ATTR {
      constexpr std::size_t kBlock = v / kRegisters, kRegister = v % kRegisters;
      const Vec key =
          hn::LoadU(d, in.keys + (kBlock * in.head_dim + k) * kPartials +
                           kRegister * kLanes);
      Unroll<kRows>([&](auto i) HWY_ATTR {
        Vec& sum = tile.sum[i * kInRow + v];
        sum = hn::MulAdd(query[i], key, sum);
      });
    });
  }
  // A last step that is short goes on with zeros, which turn -0 into 0.
  if (k - partial < (in.head_dim + kPartials - 1) / kPartials * kPartials) {
    Unroll<kRows * kInRow>([&](auto s) HWY_ATTR {
      tile.sum[s] = hn::Add(tile.sum[s], hn::Zero(d));
    });
  }
}

// FoldPartials (kernels/canonical.h) of partials kFirst, kFirst + kStep, ...:
// there, in each step, the second half of these goes onto the first.
template <std::size_t kFirst, std::size_t kStep, std::size_t kRows,
          std::size_t kBlocks>
HWY_INLINE void FoldFrom(const TileInputs& in, Tile<kRows, kBlocks>& tile) {
  if constexpr (kStep == kPartials) {
    SumPartial(in, kFirst, tile);
  } else {
    FoldFrom<kFirst, 2 * kStep>(in, tile);
    Tile<kRows, kBlocks> other;
    FoldFrom<kFirst + kStep, 2 * kStep>(in, other);
    Unroll<kRows * Tile<kRows, kBlocks>::kInRow>([&](auto s) HWY_ATTR {
      tile.sum[s] = hn::Add(tile.sum[s], other.sum[s]);
    });
  }
}

template <std::size_t kRows, std::size_t kBlocks>
void ScoreTile(const TileInputs& in, const float scale, float* out,
               const std::size_t out_stride) {
  constexpr std::size_t kInRow = Tile<kRows, kBlocks>::kInRow;
  const Keys d;
  Tile<kRows, kBlocks> tile;
  FoldFrom<0, 1>(in, tile);
  const Vec vscale = hn::Set(d, scale);
  Unroll<kRows * kInRow>([&](auto s) HWY_ATTR {
    constexpr std::size_t kRow = s / kInRow, kPlace = s % kInRow;
    hn::StoreU(hn::Mul(tile.sum[s], vscale), d,
               out + kRow * out_stride + kPlace * kLanes);
  });
}

// Blocks [begin, end) of the keys, for kRows queries from `row` on.
template <std::size_t kRows>
void ScoreRows(const ConstMatrixView q, const ConstKeyBlocks& keys,
               const std::size_t row, const std::size_t begin,
               const std::size_t end, const float scale,
               const MatrixView rows) {
  constexpr std::size_t kBlocks = kBlocksOf<kRows>;
  const auto tile_at = [&](const std::size_t b) -> TileInputs {
    return {q.Row(row), q.stride, keys.Block(b), keys.head_dim};
  };
  float* out = rows.Row(row);
  std::size_t b = begin;
  for (; b + kBlocks <= end; b += kBlocks) {
    ScoreTile<kRows, kBlocks>(tile_at(b), scale, out + b * kKeysInBlock,
                              rows.stride);
  }
  for (; b < end; ++b) {
    ScoreTile<kRows, 1>(tile_at(b), scale, out + b * kKeysInBlock, rows.stride);
  }
}

void ScoreAll(const ConstMatrixView q, const ConstKeyBlocks& keys,
              const std::size_t begin, const std::size_t end, const float scale,
              const MatrixView rows) {
  static_assert(kTileRows == 4);
  for (std::size_t b = begin; b < end; b += kNearBlocks) {
    const std::size_t last = std::min(b + kNearBlocks, end);
    std::size_t row = 0;
    for (; row + kTileRows <= q.rows; row += kTileRows) {
      ScoreRows<kTileRows>(q, keys, row, b, last, scale, rows);
    }
    switch (q.rows - row) {
      case 1:
        ScoreRows<1>(q, keys, row, b, last, scale, rows);
        break;
      case 2:
        ScoreRows<2>(q, keys, row, b, last, scale, rows);
        break;
      case 3:
        ScoreRows<3>(q, keys, row, b, last, scale, rows);
        break;
      default:
        break;
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(ScoreAll);

void Scores(ConstMatrixView q, const ConstKeyBlocks& keys, std::size_t begin,
            std::size_t end, float scale, MatrixView rows) {
  assert(q.cols == keys.head_dim && q.rows == rows.rows);
  assert(end <= KeyBlockCount(keys.tokens));
  assert(rows.stride >= end * kKeysInBlock);
  if (UsesReference()) {
    return reference::Scores(q, keys, begin, end, scale, rows);
  }
  HWY_DYNAMIC_DISPATCH(ScoreAll)(q, keys, begin, end, scale, rows);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
