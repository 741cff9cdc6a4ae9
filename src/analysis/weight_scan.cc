#include "analysis/weight_scan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>

#include "kernels/decode.h"
#include "kernels/elementwise.h"

namespace pellucid {
namespace {

// Elements that are decoded at once: whole blocks of every dtype.
constexpr std::size_t kPiece = std::size_t{1} << 14;

struct Piece {
  std::size_t first = 0;  // that is not finite, in the piece
  std::size_t count = 0;
};

Piece Scan(std::span<const float> values) {
  Piece piece{kernels::FirstNonFinite(values), 0};
  for (const float value : values.subspan(piece.first)) {
    if (!std::isfinite(value)) ++piece.count;
  }
  return piece;
}

std::vector<float> Decode(const StoredNumbers& tensor, std::size_t begin,
                          std::size_t count) {
  std::vector<float> values(count);
  if (tensor.dtype == DType::kF8E8M0) {  // scales, which are no rows
    for (std::size_t i = 0; i < count; ++i) {
      const auto exponent =
          std::to_integer<std::uint32_t>(tensor.data[begin + i]);
      values[i] = exponent == 0xff ? std::numeric_limits<float>::quiet_NaN()
                                   : std::bit_cast<float>(exponent << 23);
    }
    return values;
  }
  kernels::DecodeRow(
      tensor.dtype, tensor.data.data() + RowBytes(tensor.dtype, begin), values);
  return values;
}

std::vector<std::size_t> IndexOf(std::size_t flat,
                                 std::span<const std::size_t> shape) {
  std::vector<std::size_t> index(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    index[i] = flat % shape[i];
    flat /= shape[i];
  }
  return index;
}

}  // namespace

Result<std::vector<NonFiniteWeights>> FindNonFiniteWeights(
    const Checkpoint& checkpoint, const TaskPool& pool,
    const std::stop_token& stop) {
  std::vector<NonFiniteWeights> found;
  for (const StoredNumbers& tensor : checkpoint.Numbers()) {
    std::size_t elements = 1;
    for (const std::size_t size : tensor.shape) elements *= size;
    std::vector<Piece> pieces((elements + kPiece - 1) / kPiece);
    const auto count_of = [&](std::size_t i) {
      return std::min(kPiece, elements - i * kPiece);
    };
    pool.For(
        pieces.size(),
        [&](std::size_t i) {
          pieces[i] = Scan(Decode(tensor, i * kPiece, count_of(i)));
        },
        stop);
    if (stop.stop_requested()) return CancelledError("check: stopped");
    NonFiniteWeights one;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (pieces[i].count == 0) continue;
      if (one.count == 0) {
        const std::size_t first = pieces[i].first;
        one.tensor = tensor.name;
        one.index = IndexOf(i * kPiece + first, tensor.shape);
        one.value = Decode(tensor, i * kPiece, count_of(i))[first];
      }
      one.count += pieces[i].count;
    }
    if (one.count > 0) found.push_back(std::move(one));
  }
  return found;
}

}  // namespace pellucid
