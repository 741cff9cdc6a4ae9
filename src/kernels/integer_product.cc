#include "kernels/integer_product.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <span>
#include <utility>

#include "kernels/decode.h"
#include "kernels/integer_layout.h"
#include "kernels/integer_scale.h"
#include "kernels/integer_tiles.h"
#include "kernels/isa.h"
#include "kernels/reference/integer_product.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/integer_product.cc"
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using Ints = hn::Rebind<std::int32_t, Floats>;
using Bytes = hn::Rebind<std::int8_t, Floats>;
constexpr std::size_t kLanes = hn::MaxLanes(Floats());

std::uint32_t GreatestMagnitude(const float* x, std::size_t count) {
  const Ints d;
  const auto mask = hn::Set(d, static_cast<std::int32_t>(kMagnitudeMask));
  auto max = hn::Zero(d);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto bits = hn::BitCast(d, hn::LoadU(Floats(), x + i));
    max = hn::Max(max, hn::And(bits, mask));
  }
  auto greatest =
      static_cast<std::uint32_t>(hn::GetLane(hn::MaxOfLanes(d, max)));
  for (; i < count; ++i) greatest = std::max(greatest, MagnitudeBits(x[i]));
  return greatest;
}

// As reference::TakeOutliers.
void TakeGreatest(float* row, std::size_t count, Outlier* to) {
  for (std::size_t i = 0; i < kOutliers; ++i) {
    to[i] = Outlier();
    const std::uint32_t bits = GreatestMagnitude(row, count);
    if (bits > kLargestFinite) continue;
    std::size_t at = 0;
    while (MagnitudeBits(row[at]) != bits) ++at;
    to[i] = {row[at], static_cast<std::uint32_t>(at)};
    row[at] = 0;
  }
}

// kTileTerms numbers to as many high bytes at `to` and low bytes behind them.
HWY_INLINE void QuantiseTerms(const float* x, float inverse, std::int8_t* to) {
  const Floats d;
  const Ints di;
  const auto by = hn::Set(d, inverse);
  const auto half = hn::Set(di, 128);
  for (std::size_t i = 0; i < kTileTerms; i += kLanes) {
    const auto q = hn::NearestInt(hn::Mul(hn::LoadU(d, x + i), by));
    const auto high = hn::ShiftRight<8>(hn::Add(q, half));
    const auto low = hn::Sub(q, hn::ShiftLeft<8>(high));
    hn::StoreU(hn::DemoteTo(Bytes(), high), Bytes(), to + i);
    hn::StoreU(hn::DemoteTo(Bytes(), low), Bytes(), to + kTileBytes + i);
  }
}

// As reference::Quantise.
float QuantiseRow(const float* row, std::size_t count, std::size_t r,
                  std::int8_t* to) {
  const IntegerScale scale = IntegerScaleOf(GreatestMagnitude(row, count));
  for (std::size_t k = 0; k < count; k += kTileTerms) {
    std::int8_t* at = to + PlaceInStrip(r, k);
    if (scale.inverse == 0) {
      std::memset(at, 0, kTileTerms);
      std::memset(at + kTileBytes, 0, kTileTerms);
    } else if (count - k >= kTileTerms) {
      QuantiseTerms(row + k, scale.inverse, at);
    } else {
      float last[kTileTerms] = {};
      std::memcpy(last, row + k, (count - k) * sizeof(float));
      QuantiseTerms(last, scale.inverse, at);
    }
  }
  return scale.scale;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(QuantiseRow);
HWY_EXPORT(TakeGreatest);

namespace {

std::int8_t* BytesOf(Scratch& scratch) {
  return reinterpret_cast<std::int8_t*>(scratch.data());
}
const std::int8_t* BytesOf(const Scratch& scratch) {
  return reinterpret_cast<const std::int8_t*>(scratch.data());
}

Scratch GroupScratch(std::size_t groups, std::size_t k) {
  return Scratch(groups * GroupBytes(k) / sizeof(float));
}

void TakeOutliers(std::span<float> row, Outlier* to) {
  if (UsesReference()) return reference::TakeOutliers(row, to);
  HWY_DYNAMIC_DISPATCH(TakeGreatest)(row.data(), row.size(), to);
}

// Up to kGroupRows rows to a group of activations; missing ones are 0.
void QuantiseGroup(ConstMatrixView rows, std::int8_t* to, float* scales) {
  if (rows.rows < kGroupRows) std::memset(to, 0, GroupBytes(rows.cols));
  for (std::size_t r = 0; r < rows.rows; ++r) {
    scales[r] = UsesReference() ? reference::Quantise(rows.RowSpan(r), r, to)
                                : HWY_DYNAMIC_DISPATCH(QuantiseRow)(
                                      rows.Row(r), rows.cols, r, to);
  }
}

// A tile of activations becomes one of weights: words of four bytes, [row]
// [quad] to [quad][row].
void TransposeWords(std::int8_t* tile) {
  constexpr std::size_t kWords = kTileTerms / kQuad;
  static_assert(kWords == kGroupRows);
  std::uint32_t from[kGroupRows][kWords], to[kWords][kGroupRows];
  std::memcpy(from, tile, kTileBytes);
  for (std::size_t r = 0; r < kGroupRows; ++r) {
    for (std::size_t q = 0; q < kWords; ++q) to[q][r] = from[r][q];
  }
  std::memcpy(tile, to, kTileBytes);
}

}  // namespace

bool HasFastIntegerProducts() {
  return CurrentIsa() == Isa::kAvx512 && HasTileRegisters();
}

bool IntegerProductsFit(std::size_t k) { return k <= kMaxIntegerTerms; }

IntegerRows::IntegerRows(ConstMatrixView x, std::vector<std::size_t> bounds)
    : x_(x), bounds_(std::move(bounds)) {
  assert(!bounds_.empty() && bounds_.back() <= x.rows);
  std::size_t groups = 0;
  for (std::size_t i = 0; i < tiles(); ++i) {
    starts_.push_back(groups);
    groups += GroupsOf(bounds_[i + 1] - bounds_[i]);
  }
  groups_ = GroupScratch(groups, x.cols);
  scales_.resize(groups * kGroupRows);
  outliers_.resize(groups * kGroupRows * kOutliers);
}

void IntegerRows::Prepare(std::size_t tile) {
  std::size_t group = starts_[tile];
  Scratch scratch(kGroupRows * Scratch::RowFloats(cols()));
  for (std::size_t m = bounds_[tile]; m < bounds_[tile + 1];
       m += kGroupRows, ++group) {
    const MatrixView rows =
        scratch.Rows(std::min(kGroupRows, bounds_[tile + 1] - m), cols());
    for (std::size_t r = 0; r < rows.rows; ++r) {
      std::ranges::copy(x_.RowSpan(m + r), rows.Row(r));
      TakeOutliers(rows.RowSpan(r),
                   &outliers_[(group * kGroupRows + r) * kOutliers]);
    }
    QuantiseGroup(rows, BytesOf(groups_) + group * GroupBytes(cols()),
                  &scales_[group * kGroupRows]);
  }
}

IntegerBlock::IntegerBlock(std::size_t max_rows, const IntegerRows& x)
    : max_rows_(max_rows),
      decoded_(kGroupRows * Scratch::RowFloats(x.cols())),
      groups_(GroupScratch(GroupsOf(max_rows), x.cols())),
      scales_(GroupsOf(max_rows) * kGroupRows) {}

void IntegerBlock::Load(const WeightView& w, std::size_t begin,
                        std::size_t count) {
  assert(count > 0 && count <= max_rows_);
  std::int8_t* to = BytesOf(groups_);
  for (std::size_t n = 0; n < count; n += kGroupRows) {
    const MatrixView rows =
        decoded_.Rows(std::min(kGroupRows, count - n), w.cols);
    DecodeRows(w, begin + n, rows);
    QuantiseGroup(rows, to, &scales_[n]);
    for (std::size_t i = 0; i < GroupBytes(w.cols); i += kTileBytes) {
      TransposeWords(to + i);
    }
    to += GroupBytes(w.cols);
  }
}

void IntegerBlock::Multiply(const IntegerRows& x, std::size_t tile,
                            MatrixView out) const {
  const std::size_t group = x.starts_[tile];
  const IntegerOperand rows = {
      BytesOf(x.groups_) + group * GroupBytes(x.cols()),
      &x.scales_[group * kGroupRows],
      &x.outliers_[group * kGroupRows * kOutliers]};
  const IntegerOperand weights = {BytesOf(groups_), scales_.data(), nullptr};
  if (HasFastIntegerProducts()) {
    return MultiplyTiles(rows, weights, x.cols(), out);
  }
  reference::Multiply(rows, weights, x.cols(), out);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
