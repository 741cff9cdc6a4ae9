// A small tile turned around in registers, for inclusion by kernel sources
// after hwy/highway.h.
//
// Include guard toggled by Highway's multiple inclusion, hence this form.
#if defined(PELLUCID_KERNELS_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PELLUCID_KERNELS_TRANSPOSE_INL_H_
#undef PELLUCID_KERNELS_TRANSPOSE_INL_H_
#else
#define PELLUCID_KERNELS_TRANSPOSE_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {

using TileFour = hwy::HWY_NAMESPACE::CappedTag<float, 4>;
// As many rows as a tile turns around at once: eight, or four where a register
// has but four lanes.
using TileRows = hwy::HWY_NAMESPACE::CappedTag<float, 8>;
using TileVec = hwy::HWY_NAMESPACE::Vec<TileRows>;
constexpr std::size_t kTransposeRows = hwy::HWY_NAMESPACE::MaxLanes(TileRows());

// Four elements each of kTransposeRows rows. `load(r)` gives those of row r.
// v[i] of the result holds element i of every row, lane r being row r.
//
// Loads are of four elements, and interleaving is within groups of four lanes,
// which is cheap on every instruction set.
struct TransposedTile {
  TileVec v[4];
};
template <class LoadFour>
HWY_INLINE TransposedTile TransposeTile(const LoadFour& load) {
  namespace hn = hwy::HWY_NAMESPACE;
  const TileRows d;
  const hn::Repartition<double, TileRows> pairs;  // moves two floats at a time
  const auto rows = [&](std::size_t r) HWY_ATTR {
    if constexpr (kTransposeRows == 4) {
      return load(r);
    } else {
      return hn::Combine(TileRows(), load(r + 4), load(r));
    }
  };
  const TileVec v0 = rows(0), v1 = rows(1), v2 = rows(2), v3 = rows(3);
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, v0, v1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, v2, v3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, v0, v1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, v2, v3));
  return {{hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)),
           hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)),
           hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)),
           hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23))}};
}

}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
