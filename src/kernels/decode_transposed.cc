// Tiles are turned around in registers (kernels/transpose-inl.h): four elements
// of each of four or eight rows of the file, and no more: rows of the file
// often lie a multiple of 4 KiB apart, in one set of the nearest cache, and
// that has eight ways or more.
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
#include "kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A tile: kTileRows rows of `out`, kTileCols of its columns.
constexpr std::size_t kTileRows = 4;
constexpr std::size_t kTileCols = kTransposeRows;

// Four elements, as floats.
template <class Element>
HWY_INLINE hn::Vec<TileFour> LoadFour(const std::uint8_t* at) {
  const hn::Rebind<Element, TileFour> elements;
  const hn::Repartition<std::uint8_t, decltype(elements)> bytes;
  const auto v = hn::BitCast(elements, hn::LoadU(bytes, at));
  if constexpr (sizeof(Element) == sizeof(float)) {
    return v;
  } else {
    return hn::PromoteTo(TileFour(), v);
  }
}

// Columns of the tile are rows of the file.
template <class Element>
HWY_INLINE void CopyTile(const std::uint8_t* at, std::size_t row_bytes,
                         float* out, std::size_t stride) {
  const TransposedTile tile = TransposeTile([&](std::size_t c) HWY_ATTR {
    return LoadFour<Element>(at + c * row_bytes);
  });
  for (std::size_t r = 0; r < kTileRows; ++r) {
    hn::StoreU(tile.v[r], TileRows(), out + r * stride);
  }
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
  CopyTile<Element>(padded, kBytes, tile, kTileCols);
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
        CopyTile<Element>(tile_at, row_bytes, out.Row(r) + c, out.stride);
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
  // Of F64 and floats of 8 bits hardly any model has such a matrix.
  const bool common = w.dtype == DType::kF32 || w.dtype == DType::kF16 ||
                      w.dtype == DType::kBF16;
  if (!common || UsesReference()) return reference::DecodeRows(w, begin, out);
  const auto* at = reinterpret_cast<const std::uint8_t*>(w.data);
  HWY_DYNAMIC_DISPATCH(TransposeRows)
  (w.dtype, at + RowBytes(w.dtype, begin), w.row_bytes, out);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
