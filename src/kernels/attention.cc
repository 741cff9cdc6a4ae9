// Score rows lie in scratch with key k in column k, rows a multiple of 16
// floats long, so that the 16 partial sums of the softmax are the lanes of
// whole registers. What fills a register up beyond the visible keys is -inf
// before the exp and adds an exact 0 to a sum; p V skips it.
#include "kernels/attention.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <memory>

#include "kernels/canonical.h"
#include "kernels/isa.h"
#include "kernels/math.h"
#include "kernels/reference/attention.h"
#include "kernels/scores.h"

// What all instruction sets share: this file is read once for each of them.
#ifndef PELLUCID_KERNELS_ATTENTION_ONCE_
#define PELLUCID_KERNELS_ATTENTION_ONCE_

namespace pellucid::kernels {
namespace {

// Queries worked on at once, so many per fetch of all keys and values, which
// with 2048 keys of 64 features come from beyond the second cache: their
// scores of 2048 keys, 256 KiB, still stay in that. A forward pass's tasks are
// multiples of it.
constexpr std::size_t kQueryBlock = 32;
// Queries that share each loaded value of V: with two registers of features, 8
// independent sums, as many as fused multiply-adds are under way at a time.
constexpr std::size_t kQueryGroup = 4;
// Keys whose rows of V all queries of a block meet together: of 64 features, 16
// KiB. Rows of V lie a whole token apart, which caches and page tables take
// badly, so that each is fetched once a block: a fifth faster with 4096 keys.
constexpr std::size_t kKeyBlock = 64;

constexpr float kMasked = -std::numeric_limits<float>::infinity();

// Keys [begin, end).
struct KeyRange {
  std::size_t begin, end;
};

KeyRange VisibleKeys(std::size_t query, std::size_t window) {
  const std::size_t end = query + 1;
  return {window > 0 && end > window ? end - window : 0, end};
}

std::size_t RoundUp(std::size_t count) {
  return (count + kPartials - 1) / kPartials * kPartials;
}

// The probabilities of queries first_query + i, and what they are applied to.
struct PatternBlock {
  std::size_t first_query;
  std::size_t window;
  ConstMatrixView pattern;  // [rows, keys]
  ConstMatrixView v;        // [keys, head_dim]

  // What the query of row `row` sees of `among`: may be empty.
  KeyRange Keys(std::size_t row, KeyRange among) const {
    const KeyRange keys = VisibleKeys(first_query + row, window);
    return {std::clamp(keys.begin, among.begin, among.end),
            std::clamp(keys.end, among.begin, among.end)};
  }
};

}  // namespace
}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_ATTENTION_ONCE_

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Partials = hn::CappedTag<float, kPartials>;
constexpr std::size_t kLanes = hn::MaxLanes(Partials());
constexpr std::size_t kRegisters = kPartials / kLanes;
using PartialVec = hn::Vec<Partials>;

// The first numbers of `x`; 0 where it has fewer than a register holds.
HWY_INLINE PartialVec LoadPart(const Partials tag,
                               const std::span<const float> x) {
  if (x.size() >= kLanes) return hn::LoadU(tag, x.data());
  float part[kLanes] = {};
  std::copy(x.begin(), x.end(), part);
  return hn::LoadU(tag, part);
}

// Caps the visible scores of a row and adds the bias of each key. Writes up to
// 15 columns on either side of them too.
void FinishScores(const AttentionShape& shape, const KeyRange keys,
                  float* row) {
  const Partials tag;
  const PartialVec cap = hn::Set(tag, shape.softcap);
  for (std::size_t k = keys.begin / kLanes * kLanes; k < keys.end;
       k += kLanes) {
    PartialVec score = hn::LoadU(tag, row + k);
    if (shape.softcap != 0) {
      score = hn::Mul(Tanh(tag, hn::Div(score, cap)), cap);
    }
    if (!shape.key_bias.empty()) {
      score = hn::Add(score, LoadPart(tag, shape.key_bias.subspan(k)));
    }
    hn::StoreU(score, tag, row + k);
  }
}

// Of [begin, end), multiples of kPartials.
float MaxOf(const float* row, const std::size_t begin, const std::size_t end) {
  const Partials tag;
  PartialVec max[kRegisters];
  for (auto& m : max) m = hn::Set(tag, kMasked);
  for (std::size_t k = begin; k < end; k += kPartials) {
    for (std::size_t r = 0; r < kRegisters; ++r) {
      max[r] = hn::Max(max[r], hn::LoadU(tag, row + k + r * kLanes));
    }
  }
  alignas(64) float lane[kPartials];
  for (std::size_t r = 0; r < kRegisters; ++r) {
    hn::Store(max[r], tag, lane + r * kLanes);
  }
  return *std::max_element(lane, lane + kPartials);
}

// A row of exps, to be divided by their sum, in [begin, end), multiples of
// kPartials.
struct Exps {
  float* row;
  std::size_t begin, end;
  float sum;
};

HWY_INLINE void Divide(const PartialVec by, float* row) {
  const Partials tag;
  for (std::size_t r = 0; r < kRegisters; ++r) {
    float* at = row + r * kLanes;
    hn::StoreU(hn::Div(hn::LoadU(tag, at), by), tag, at);
  }
}

// Adds exp(row[k] - max) to `sum`, and puts it in its place.
HWY_INLINE void ExpAndAdd(const PartialVec max, float* row,
                          PartialVec (&sum)[kRegisters]) {
  const Partials tag;
  for (std::size_t r = 0; r < kRegisters; ++r) {
    float* at = row + r * kLanes;
    const PartialVec e = Exp(tag, hn::Sub(hn::LoadU(tag, at), max));
    hn::StoreU(e, tag, at);
    sum[r] = hn::Add(sum[r], e);
  }
}

// Turns the scores of [begin, end) into exps, sums them in the canonical order,
// and divides those of the row before, whose ends are not beyond: divisions
// take their own unit 5 cycles, in which the others work on exps.
Exps ExpAndSum(const std::size_t begin, const std::size_t end, float* row,
               const Exps& before) {
  const Partials tag;
  const PartialVec max = hn::Set(tag, MaxOf(row, begin, end));
  const PartialVec by = hn::Set(tag, before.sum);
  PartialVec sum[kRegisters];
  for (auto& s : sum) s = hn::Zero(tag);
  for (std::size_t k = before.begin; k < begin; k += kPartials) {
    Divide(by, before.row + k);
  }
  for (std::size_t k = begin; k < before.end; k += kPartials) {
    Divide(by, before.row + k);
    ExpAndAdd(max, row + k, sum);
  }
  for (std::size_t k = before.end; k < end; k += kPartials) {
    ExpAndAdd(max, row + k, sum);
  }
  alignas(64) float partial[kPartials];
  for (std::size_t r = 0; r < kRegisters; ++r) {
    hn::Store(sum[r], tag, partial + r * kLanes);
  }
  return {row, begin, end, FoldPartials(partial)};
}

// Turns the visible scores of rows, the first of which is that of first_query,
// into probabilities. Writes up to 15 columns on either side of them too.
void SoftmaxRows(const std::size_t first_query, const std::size_t window,
                 const MatrixView rows) {
  Exps exps = {};
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const KeyRange keys = VisibleKeys(first_query + i, window);
    const std::size_t begin = keys.begin / kPartials * kPartials;
    const std::size_t end = RoundUp(keys.end);
    float* row = rows.Row(i);
    std::fill(row + begin, row + keys.begin, kMasked);
    std::fill(row + keys.end, row + end, kMasked);
    if (i == 0) exps = {row, begin, begin, 1};  // none before
    exps = ExpAndSum(begin, end, row, exps);
  }
  const PartialVec by = hn::Set(Partials(), exps.sum);
  for (std::size_t k = exps.begin; k < exps.end; k += kPartials) {
    Divide(by, exps.row + k);
  }
}

using Features = hn::ScalableTag<float>;

// Adds to out[i, f], for kRows queries from `row` on and kVectors registers of
// features from `feature` on, one fused multiply-add a visible key of `among`,
// in rising order. The queries share most keys; the others, where a query's own
// end or begin, are looked at one by one.
template <std::size_t kRows, std::size_t kVectors>
HWY_INLINE void AddTile(const PatternBlock& block, const KeyRange among,
                        const std::size_t row, const std::size_t feature,
                        const MatrixView out) {
  const Features tag;
  const std::size_t lanes = hn::Lanes(tag);
  hn::Vec<Features> sum[kRows][kVectors];
  const float* p[kRows];
  KeyRange keys[kRows];
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = 0; j < kVectors; ++j) {
      sum[i][j] = hn::LoadU(tag, out.Row(row + i) + feature + j * lanes);
    }
    p[i] = block.pattern.Row(row + i);
    keys[i] = block.Keys(row + i, among);
  }
  const auto add = [&](const std::size_t k, const std::size_t i) HWY_ATTR {
    const float* v = block.v.data + k * block.v.stride + feature;
    const auto weight = hn::Set(tag, p[i][k]);
    for (std::size_t j = 0; j < kVectors; ++j) {
      sum[i][j] = hn::MulAdd(weight, hn::LoadU(tag, v + j * lanes), sum[i][j]);
    }
  };
  const auto add_where_visible = [&](const KeyRange range) HWY_ATTR {
    for (std::size_t k = range.begin; k < range.end; ++k) {
      for (std::size_t i = 0; i < kRows; ++i) {
        if (keys[i].begin <= k && k < keys[i].end) add(k, i);
      }
    }
  };
  // Begins and ends rise from query to query.
  const KeyRange shared = {keys[kRows - 1].begin, keys[0].end};
  add_where_visible({keys[0].begin, shared.begin});
  for (std::size_t k = shared.begin; k < shared.end; ++k) {
    for (std::size_t i = 0; i < kRows; ++i) add(k, i);
  }
  add_where_visible({std::max(shared.begin, shared.end), keys[kRows - 1].end});
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = 0; j < kVectors; ++j) {
      hn::StoreU(sum[i][j], tag, out.Row(row + i) + feature + j * lanes);
    }
  }
}

// The same for one query and feature, in the tail of the features.
void AddOne(const PatternBlock& block, const KeyRange among,
            const std::size_t row, const std::size_t feature, float* sum) {
  const KeyRange keys = block.Keys(row, among);
  for (std::size_t k = keys.begin; k < keys.end; ++k) {
    *sum = std::fma(block.pattern.Row(row)[k], block.v.Row(k)[feature], *sum);
  }
}

template <std::size_t kRows>
void AddRows(const PatternBlock& block, const KeyRange among,
             const std::size_t row, const MatrixView out) {
  constexpr std::size_t kWide = kRows == 1 ? 8 : 2;
  const std::size_t lanes = hn::Lanes(Features());
  std::size_t f = 0;
  for (; f + kWide * lanes <= out.cols; f += kWide * lanes) {
    AddTile<kRows, kWide>(block, among, row, f, out);
  }
  for (; f + kWide / 2 * lanes <= out.cols; f += kWide / 2 * lanes) {
    AddTile<kRows, kWide / 2>(block, among, row, f, out);
  }
  for (; f + lanes <= out.cols; f += lanes) {
    AddTile<kRows, 1>(block, among, row, f, out);
  }
  for (; f < out.cols; ++f) {
    for (std::size_t i = 0; i < kRows; ++i) {
      AddOne(block, among, row + i, f, out.Row(row + i) + f);
    }
  }
}

// out [rows, head_dim] = the block's pattern times v.
void PatternTimesValues(const PatternBlock& block, const MatrixView out) {
  for (std::size_t i = 0; i < out.rows; ++i) {
    std::fill_n(out.Row(i), out.cols, 0.0f);
  }
  const std::size_t end = block.first_query + out.rows;
  std::size_t k = VisibleKeys(block.first_query, block.window).begin;
  for (; k < end; k += kKeyBlock) {
    const KeyRange among = {k, std::min(k + kKeyBlock, end)};
    std::size_t row = 0;
    for (; row + kQueryGroup <= out.rows; row += kQueryGroup) {
      AddRows<kQueryGroup>(block, among, row, out);
    }
    for (; row < out.rows; ++row) AddRows<1>(block, among, row, out);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(FinishScores);
HWY_EXPORT(SoftmaxRows);
HWY_EXPORT(PatternTimesValues);

namespace {

// Writes `value` where row i does not see: all of [0, rows.cols) but its keys.
void FillMasked(MatrixView rows, std::size_t first_query, std::size_t window,
                float value) {
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const KeyRange keys = VisibleKeys(first_query + i, window);
    float* row = rows.Row(i);
    std::fill(row, row + keys.begin, value);
    std::fill(row + keys.end, row + rows.cols, value);
  }
}

}  // namespace

void AttendHead(const AttentionShape& shape, ConstMatrixView q,
                const ConstKeyBlocks& k, ConstMatrixView v, std::size_t begin,
                std::size_t end, const AttentionObserver& on_scores,
                const AttentionObserver& on_pattern, MatrixView out) {
  assert(q.cols == shape.head_dim && k.head_dim == shape.head_dim);
  assert(v.cols == shape.head_dim && out.cols == shape.head_dim);
  assert(begin <= end && end <= q.rows);
  assert(q.rows <= k.tokens && v.rows == k.tokens);
  assert(shape.key_bias.empty() || shape.key_bias.size() == k.tokens);
  if (UsesReference()) {
    return reference::AttendHead(shape, q, k, v, begin, end, on_scores,
                                 on_pattern, out);
  }
  if (begin == end) return;
  // One register more: rows a power of two apart would share cache sets.
  const std::size_t stride = RoundUp(k.tokens) + kPartials;
  const std::size_t most = std::min(kQueryBlock, end - begin);
  const auto scratch = std::make_unique_for_overwrite<float[]>(most * stride);
  const std::size_t past = k.tokens - q.rows;
  for (std::size_t first = begin; first < end; first += kQueryBlock) {
    const std::size_t count = std::min(kQueryBlock, end - first);
    const std::size_t position = past + first;
    const MatrixView rows(scratch.get(), count, k.tokens, stride);
    Scores(q.Rows(first, count), k,
           VisibleKeys(position, shape.window).begin / kKeysInBlock,
           KeyBlockCount(position + count), shape.scale, rows);
    if (shape.softcap != 0 || !shape.key_bias.empty()) {
      for (std::size_t i = 0; i < count; ++i) {
        HWY_DYNAMIC_DISPATCH(FinishScores)
        (shape, VisibleKeys(position + i, shape.window), rows.Row(i));
      }
    }
    if (on_scores) {
      FillMasked(rows, position, shape.window, kMasked);
      on_scores(first, rows);
    }
    HWY_DYNAMIC_DISPATCH(SoftmaxRows)(position, shape.window, rows);
    if (on_pattern) {
      FillMasked(rows, position, shape.window, 0);
      on_pattern(first, rows);
    }
    HWY_DYNAMIC_DISPATCH(PatternTimesValues)
    ({position, shape.window, rows, v}, out.Rows(first, count));
  }
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
