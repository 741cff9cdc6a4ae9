// Register tiles of sums and columns. A column of tiles is worked down before
// the next, so that its part of `x` stays in the first cache.
#include "kernels/weighted_rows.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <utility>

#include "kernels/isa.h"
#include "kernels/reference/weighted_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/weighted_rows.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/unroll-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Vec = hn::Vec<Floats>;

// Sums and registers of a tile: 24 multiply-adds a step for 4 loads and 6
// numbers where there are 32 registers, 12 for 3 and 4 where there are 16.
constexpr bool kManyRegisters =
    hn::MaxLanes(Floats()) == 16 || HWY_ARCH_ARM_A64 != 0;
constexpr std::size_t kSums = kManyRegisters ? 6 : 4;
constexpr std::size_t kRegisters = kManyRegisters ? 4 : 3;

// Sums that begin at what is in `out`, or, apart, at 0 to be added to it.
enum class Begin { kThere, kApart };

template <Begin kBegin, std::size_t kRows, std::size_t kVectors>
void AddTile(const RowFactors& factors, std::size_t m, ConstMatrixView x,
             std::size_t column, MatrixView out) {
  const Floats tag;
  const std::size_t lanes = hn::Lanes(tag);
  Vec sum[kRows * kVectors];
  const auto at = [&](std::size_t s) HWY_ATTR {
    return out.Row(m + s / kVectors) + column + s % kVectors * lanes;
  };
  Unroll<kRows * kVectors>([&](auto s) HWY_ATTR {
    sum[s] = kBegin == Begin::kApart ? hn::Zero(tag) : hn::LoadU(tag, at(s));
  });
  const float* factor = factors.data + m * factors.sum_step;
  const float* row = x.data + column;
  for (std::size_t n = 0; n < factors.rows; ++n) {
    Vec part[kVectors];
    Unroll<kVectors>([&](auto j) HWY_ATTR {
      part[j] = InRegister(hn::LoadU(tag, row + j * lanes));
    });
    Unroll<kRows>([&](auto i) HWY_ATTR {
      const Vec by = InRegister(hn::Set(tag, factor[i * factors.sum_step]));
      Unroll<kVectors>([&](auto j) HWY_ATTR {
        Vec& s = sum[i * kVectors + j];
        s = hn::MulAdd(by, part[j], s);
      });
    });
    factor += factors.row_step;
    row += x.stride;
  }
  Unroll<kRows * kVectors>([&](auto s) HWY_ATTR {
    float* to = at(s);
    if (kBegin == Begin::kApart) sum[s] = hn::Add(hn::LoadU(tag, to), sum[s]);
    hn::StoreU(sum[s], tag, to);
  });
}

using TileFunction = void (*)(const RowFactors&, std::size_t, ConstMatrixView,
                              std::size_t, MatrixView);

// By sums less 1.
template <Begin kBegin, std::size_t kVectors, std::size_t... kRow>
constexpr std::array<TileFunction, kSums> TilesOf(
    std::index_sequence<kRow...>) {
  return {AddTile<kBegin, kRow + 1, kVectors>...};
}
// By registers less 1.
template <Begin kBegin, std::size_t... kVector>
constexpr std::array<std::array<TileFunction, kSums>, kRegisters> AllTiles(
    std::index_sequence<kVector...>) {
  return {TilesOf<kBegin, kVector + 1>(std::make_index_sequence<kSums>())...};
}

template <Begin kBegin>
void AddAll(const RowFactors& factors, ConstMatrixView x, MatrixView out) {
  static constexpr auto kTiles =
      AllTiles<kBegin>(std::make_index_sequence<kRegisters>());
  const std::size_t lanes = hn::Lanes(Floats());
  const std::size_t whole = x.cols / lanes;
  // Tiles of about equal width: 5 registers are 3 and 2, not 4 and 1.
  const std::size_t across = (whole + kRegisters - 1) / kRegisters;
  for (std::size_t t = 0; t < across; ++t) {
    const std::size_t begin = t * whole / across;
    const std::size_t vectors = (t + 1) * whole / across - begin;
    for (std::size_t m = 0; m < factors.sums; m += kSums) {
      const std::size_t sums = std::min(kSums, factors.sums - m);
      kTiles[vectors - 1][sums - 1](factors, m, x, begin * lanes, out);
    }
  }
  for (std::size_t c = whole * lanes; c < x.cols; ++c) {
    for (std::size_t m = 0; m < factors.sums; ++m) {
      float& to = out.Row(m)[c];
      float sum = kBegin == Begin::kApart ? 0.0f : to;
      for (std::size_t n = 0; n < factors.rows; ++n) {
        sum = std::fma(factors.At(m, n), x.Row(n)[c], sum);
      }
      to = kBegin == Begin::kApart ? to + sum : sum;
    }
  }
}

void AddRows(const RowFactors& factors, ConstMatrixView x, MatrixView out) {
  AddAll<Begin::kThere>(factors, x, out);
}
void AddSums(const RowFactors& factors, ConstMatrixView x, MatrixView out) {
  AddAll<Begin::kApart>(factors, x, out);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(AddRows);
HWY_EXPORT(AddSums);

void AddWeightedRows(const RowFactors& factors, ConstMatrixView x,
                     MatrixView out) {
  assert(factors.rows == x.rows && factors.sums == out.rows);
  assert(x.cols == out.cols);
  if (UsesReference()) return reference::AddWeightedRows(factors, x, out);
  HWY_DYNAMIC_DISPATCH(AddRows)(factors, x, out);
}

void AddWeightedSums(const RowFactors& factors, ConstMatrixView x,
                     MatrixView out) {
  assert(factors.rows == x.rows && factors.sums == out.rows);
  assert(x.cols == out.cols);
  if (UsesReference()) return reference::AddWeightedSums(factors, x, out);
  HWY_DYNAMIC_DISPATCH(AddSums)(factors, x, out);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
