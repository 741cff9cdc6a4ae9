// Outputs are worked on in runs so wide that the partials of all rows of x make
// 16 KiB, half of the nearest cache; rows of the file stream past them, 1 KiB
// of each for one row of x.
#include "kernels/dot_transposed.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "kernels/canonical.h"
#include "kernels/isa.h"
#include "kernels/reference/linear.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dot_transposed.cc"  // seen from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using Vec = hn::Vec<Floats>;
constexpr std::size_t kLanes = hn::MaxLanes(Floats());

constexpr std::size_t kWidestRun = 256;
constexpr std::size_t kNarrowestRun = kWidestRun / kMaxDotTransposedRows;

// Terms that are added to a partial while it is in a register: with one at a
// time, its loads and stores bound the loop.
constexpr std::size_t kChunkSteps = 4;

// Partials [rows of x, kPartials, width].
struct Partials {
  explicit Partials(std::size_t rows)
      : width(kWidestRun / rows / kNarrowestRun * kNarrowestRun) {}
  float* Of(std::size_t row, std::size_t partial) {
    return values + (row * kPartials + partial) * width;
  }
  std::size_t width;
  alignas(64) float values[kPartials * kWidestRun] = {};
};

template <class Element>
HWY_INLINE Vec LoadElements(const std::uint8_t* at) {
  const hn::Rebind<Element, Floats> elements;
  const hn::Repartition<std::uint8_t, decltype(elements)> bytes;
  const auto v = hn::BitCast(elements, hn::LoadU(bytes, at));
  if constexpr (sizeof(Element) == sizeof(float)) {
    return v;
  } else {
    return hn::PromoteTo(Floats(), v);
  }
}

// Elements [0, count) of every kPartials-th row of the file from `at` on,
// kSteps of them, each times its x, added to `sums` in that order.
template <class Element, std::size_t kSteps>
HWY_INLINE void AddTerms(const float* x, const std::uint8_t* at,
                         const std::size_t row_bytes, const std::size_t count,
                         float* sums) {
  const Floats d;
  const std::size_t stride = kPartials * row_bytes;
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const std::uint8_t* from = at + i * sizeof(Element);
    Vec sum = hn::Load(d, sums + i);
    for (std::size_t step = 0; step < kSteps; ++step, from += stride) {
      const Vec factor = hn::Set(d, x[step * kPartials]);
      sum = hn::MulAdd(factor, LoadElements<Element>(from), sum);
    }
    hn::Store(sum, d, sums + i);
  }
  if (i == count) return;
  Vec sum = hn::Load(d, sums + i);
  for (std::size_t step = 0; step < kSteps; ++step) {
    std::uint8_t last[kLanes * sizeof(Element)] = {};
    std::memcpy(last, at + step * stride + i * sizeof(Element),
                (count - i) * sizeof(Element));
    const Vec factor = hn::Set(d, x[step * kPartials]);
    sum = hn::MulAdd(factor, LoadElements<Element>(last), sum);
  }
  hn::Store(sum, d, sums + i);
}

// onto += what, for `width` sums.
HWY_INLINE void AddSums(const float* what, float* onto, std::size_t width) {
  const Floats d;
  for (std::size_t i = 0; i < width; i += kLanes) {
    const Vec sum = hn::Add(hn::Load(d, onto + i), hn::Load(d, what + i));
    hn::Store(sum, d, onto + i);
  }
}

// As FoldPartials, for one row of x.
void FoldRun(Partials& partials, const std::size_t row, const std::size_t k,
             const std::size_t count, float* out) {
  // The canonical order pads K with zeros: that makes a sum of -0 one of 0.
  alignas(64) const float zeros[kWidestRun] = {};
  for (std::size_t j = k % kPartials; j > 0 && j < kPartials; ++j) {
    AddSums(zeros, partials.Of(row, j), partials.width);
  }
  for (std::size_t half = kPartials / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) {
      AddSums(partials.Of(row, j + half), partials.Of(row, j), partials.width);
    }
  }
  std::memcpy(out, partials.Of(row, 0), count * sizeof(float));
}

// Terms [begin, begin + kSteps * kPartials) of all dots of a run, or, where
// kSteps is 1, as many of them as K has.
template <class Element, std::size_t kSteps>
void AddChunk(const ConstMatrixView x, const std::size_t begin,
              const std::uint8_t* run, const std::size_t row_bytes,
              const std::size_t count, Partials& partials) {
  const std::size_t steps = std::min(kPartials, x.cols - begin);
  for (std::size_t j = 0; j < steps; ++j) {
    for (std::size_t m = 0; m < x.rows; ++m) {
      AddTerms<Element, kSteps>(x.Row(m) + begin + j, run + j * row_bytes,
                                row_bytes, count, partials.Of(m, j));
    }
  }
}

// `at`: the first wanted element of the file's first row.
template <class Element>
void DotRuns(const ConstMatrixView x, const std::uint8_t* at,
             const std::size_t row_bytes, const MatrixView out) {
  constexpr std::size_t kChunk = kChunkSteps * kPartials;
  for (std::size_t begin = 0; begin < out.cols;) {
    Partials partials(x.rows);
    const std::size_t count = std::min(partials.width, out.cols - begin);
    const std::uint8_t* run = at + begin * sizeof(Element);
    std::size_t k = 0;
    for (; k + kChunk <= x.cols; k += kChunk) {
      AddChunk<Element, kChunkSteps>(x, k, run + k * row_bytes, row_bytes,
                                     count, partials);
    }
    for (; k < x.cols; k += kPartials) {
      AddChunk<Element, 1>(x, k, run + k * row_bytes, row_bytes, count,
                           partials);
    }
    for (std::size_t m = 0; m < x.rows; ++m) {
      FoldRun(partials, m, x.cols, count, out.Row(m) + begin);
    }
    begin += count;
  }
}

void DotsOf(const DType dtype, const ConstMatrixView x, const std::uint8_t* at,
            const std::size_t row_bytes, const MatrixView out) {
  switch (dtype) {
    case DType::kF16:
      return DotRuns<hwy::float16_t>(x, at, row_bytes, out);
    case DType::kBF16:
      return DotRuns<hwy::bfloat16_t>(x, at, row_bytes, out);
    default:
      return DotRuns<float>(x, at, row_bytes, out);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(DotsOf);

void DotTransposed(ConstMatrixView x, const WeightView& w, std::size_t begin,
                   MatrixView out) {
  assert(w.transposed && w.row_order.empty());
  assert(InfoOf(w.dtype).block_elements == 1);
  assert(x.rows > 0 && x.rows <= kMaxDotTransposedRows && x.cols == w.cols);
  assert(out.rows == x.rows && begin + out.cols <= w.rows);
  if (UsesReference()) return reference::DotRows(x, w, begin, out);
  const auto* at = reinterpret_cast<const std::uint8_t*>(w.data);
  HWY_DYNAMIC_DISPATCH(DotsOf)
  (w.dtype, x, at + RowBytes(w.dtype, begin), w.row_bytes, out);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
