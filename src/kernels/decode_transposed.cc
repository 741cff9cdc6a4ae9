// A tile is four elements of each of four or eight rows of the file: loads of
// four, then interleaving within groups of four lanes, which is cheap on every
// instruction set, then stores of a whole register. Eight rows of the file and
// no more: they often lie a multiple of 4 KiB apart, in one set of the nearest
// cache, and that has eight ways or more.
#include "kernels/decode_transposed.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "kernels/isa.h"
#include "kernels/reference/decode.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/decode_transposed.cc"  // seen from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Four = hn::CappedTag<float, 4>;
using Floats = hn::CappedTag<float, 8>;
using Vec = hn::Vec<Floats>;

// A tile: kTileRows rows of `out`, kTileCols of its columns.
constexpr std::size_t kTileRows = 4;
constexpr std::size_t kTileCols = hn::MaxLanes(Floats());

// Four elements, as floats.
template <class Element>
HWY_INLINE hn::Vec<Four> LoadFour(const std::uint8_t* at) {
  const hn::Rebind<Element, Four> elements;
  const hn::Repartition<std::uint8_t, decltype(elements)> bytes;
  const auto v = hn::BitCast(elements, hn::LoadU(bytes, at));
  if constexpr (sizeof(Element) == sizeof(float)) {
    return v;
  } else {
    return hn::PromoteTo(Four(), v);
  }
}

// Element `i` of the file's rows that a tile's columns are: four elements of
// row i and, in the upper half where there is one, of row i + 4.
template <class Element>
HWY_INLINE Vec LoadRows(const std::uint8_t* at, std::size_t row_bytes,
                        std::size_t i) {
  const auto lower = LoadFour<Element>(at + i * row_bytes);
  if constexpr (kTileCols == 4) {
    return lower;
  } else {
    const auto upper = LoadFour<Element>(at + (i + 4) * row_bytes);
    return hn::Combine(Floats(), upper, lower);
  }
}

template <class Element>
HWY_INLINE void TransposeTile(const std::uint8_t* at, std::size_t row_bytes,
                              float* out, std::size_t stride) {
  const Floats d;
  const hn::Repartition<double, Floats> pairs;  // moves two floats at a time
  const Vec v0 = LoadRows<Element>(at, row_bytes, 0);
  const Vec v1 = LoadRows<Element>(at, row_bytes, 1);
  const Vec v2 = LoadRows<Element>(at, row_bytes, 2);
  const Vec v3 = LoadRows<Element>(at, row_bytes, 3);
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, v0, v1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, v2, v3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, v0, v1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, v2, v3));
  const auto row0 = hn::InterleaveLower(pairs, low01, low23);
  const auto row1 = hn::InterleaveUpper(pairs, low01, low23);
  const auto row2 = hn::InterleaveLower(pairs, high01, high23);
  const auto row3 = hn::InterleaveUpper(pairs, high01, high23);
  hn::StoreU(hn::BitCast(d, row0), d, out);
  hn::StoreU(hn::BitCast(d, row1), d, out + stride);
  hn::StoreU(hn::BitCast(d, row2), d, out + 2 * stride);
  hn::StoreU(hn::BitCast(d, row3), d, out + 3 * stride);
}

// A tile of fewer rows or columns, padded with zeros.
template <class Element>
void TransposeEdge(const std::uint8_t* at, std::size_t row_bytes,
                   std::size_t rows, std::size_t cols, float* out,
                   std::size_t stride) {
  constexpr std::size_t kBytes = kTileRows * sizeof(Element);
  std::uint8_t padded[kTileCols * kBytes] = {};
  float tile[kTileRows * kTileCols];
  for (std::size_t c = 0; c < cols; ++c) {
    std::memcpy(padded + c * kBytes, at + c * row_bytes,
                rows * sizeof(Element));
  }
  TransposeTile<Element>(padded, kBytes, tile, kTileCols);
  for (std::size_t r = 0; r < rows; ++r) {
    std::memcpy(out + r * stride, tile + r * kTileCols, cols * sizeof(float));
  }
}

// `at`: the first wanted element of the file's first row.
template <class Element>
void Transpose(const std::uint8_t* at, const std::size_t row_bytes,
               const MatrixView out) {
  for (std::size_t c = 0; c < out.cols; c += kTileCols) {
    const std::uint8_t* rows_at = at + c * row_bytes;
    const std::size_t cols = std::min(kTileCols, out.cols - c);
    for (std::size_t r = 0; r < out.rows; r += kTileRows) {
      const std::uint8_t* tile_at = rows_at + r * sizeof(Element);
      const std::size_t rows = std::min(kTileRows, out.rows - r);
      if (rows == kTileRows && cols == kTileCols) {
        TransposeTile<Element>(tile_at, row_bytes, out.Row(r) + c, out.stride);
      } else {
        TransposeEdge<Element>(tile_at, row_bytes, rows, cols, out.Row(r) + c,
                               out.stride);
      }
    }
  }
}

void TransposeRows(const DType dtype, const std::uint8_t* at,
                   const std::size_t row_bytes, const MatrixView out) {
  switch (dtype) {
    case DType::kF16:
      return Transpose<hwy::float16_t>(at, row_bytes, out);
    case DType::kBF16:
      return Transpose<hwy::bfloat16_t>(at, row_bytes, out);
    default:
      return Transpose<float>(at, row_bytes, out);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(TransposeRows);

void DecodeTransposedRows(const WeightView& w, std::size_t begin,
                          MatrixView out) {
  assert(w.transposed && w.row_order.empty());
  assert(InfoOf(w.dtype).block_elements == 1);
  assert(out.cols == w.cols && begin + out.rows <= w.rows);
  if (UsesReference()) return reference::DecodeRows(w, begin, out);
  const auto* at = reinterpret_cast<const std::uint8_t*>(w.data);
  HWY_DYNAMIC_DISPATCH(TransposeRows)
  (w.dtype, at + RowBytes(w.dtype, begin), w.row_bytes, out);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
