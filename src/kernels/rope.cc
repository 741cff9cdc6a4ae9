#include "kernels/rope.h"

#include <cassert>
#include <cmath>

#include "kernels/isa.h"
#include "kernels/math.h"
#include "kernels/reference/rope.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rope.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// (a, b) -> (a c - b s, b c + a s), or back: (a c + b s, b c - a s).
struct Turn {
  template <class V>
  static HWY_INLINE void Apply(V c, V s, V& a, V& b) {
    const V low = hn::MulSub(a, c, hn::Mul(b, s));
    b = hn::MulAdd(b, c, hn::Mul(a, s));
    a = low;
  }
  static void Apply(float c, float s, float& a, float& b) {
    const float low = std::fma(a, c, -(b * s));
    b = std::fma(b, c, a * s);
    a = low;
  }
};

struct TurnBack {
  template <class V>
  static HWY_INLINE void Apply(V c, V s, V& a, V& b) {
    const V low = hn::MulAdd(a, c, hn::Mul(b, s));
    b = hn::MulSub(b, c, hn::Mul(a, s));
    a = low;
  }
  static void Apply(float c, float s, float& a, float& b) {
    const float low = std::fma(a, c, b * s);
    b = std::fma(b, c, -(a * s));
    a = low;
  }
};

template <class Way>
void RotateHead(const float* cos, const float* sin, const std::size_t half,
                float* head) {
  const hn::ScalableTag<float> tag;
  const std::size_t lanes = hn::Lanes(tag);
  float* high = head + half;
  std::size_t i = 0;
  for (; i + lanes <= half; i += lanes) {
    auto a = hn::LoadU(tag, head + i), b = hn::LoadU(tag, high + i);
    Way::Apply(hn::LoadU(tag, cos + i), hn::LoadU(tag, sin + i), a, b);
    hn::StoreU(a, tag, head + i);
    hn::StoreU(b, tag, high + i);
  }
  for (; i < half; ++i) Way::Apply(cos[i], sin[i], head[i], high[i]);
}

// Pairs lie side by side: evens and odds are taken apart, and put together.
template <class Way>
void RotateAdjacent(const float* cos, const float* sin, const std::size_t half,
                    float* head) {
  const hn::ScalableTag<float> tag;
  const std::size_t lanes = hn::Lanes(tag);
  std::size_t i = 0;
  for (; i + lanes <= half; i += lanes) {
    hn::Vec<decltype(tag)> a, b;
    hn::LoadInterleaved2(tag, head + 2 * i, a, b);
    Way::Apply(hn::LoadU(tag, cos + i), hn::LoadU(tag, sin + i), a, b);
    hn::StoreInterleaved2(a, b, tag, head + 2 * i);
  }
  for (; i < half; ++i) {
    Way::Apply(cos[i], sin[i], head[2 * i], head[2 * i + 1]);
  }
}

template <class Way>
void RotateEach(const RopeTable& table, const std::size_t first_row,
                const std::size_t head_dim, const MatrixView x) {
  for (std::size_t t = 0; t < x.rows; ++t) {
    const std::size_t at = (first_row + t) * table.half;
    for (std::size_t head = 0; head < x.cols; head += head_dim) {
      const auto rotate = table.pairs == RopePairs::kHalves
                              ? &RotateHead<Way>
                              : &RotateAdjacent<Way>;
      rotate(table.cos.data() + at, table.sin.data() + at, table.half,
             x.Row(t) + head);
    }
  }
}

void RotateRows(const RopeTable& table, const std::size_t first_row,
                const std::size_t head_dim, const MatrixView x) {
  RotateEach<Turn>(table, first_row, head_dim, x);
}

void RotateRowsBack(const RopeTable& table, const std::size_t first_row,
                    const std::size_t head_dim, const MatrixView x) {
  RotateEach<TurnBack>(table, first_row, head_dim, x);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(RotateRows);
HWY_EXPORT(RotateRowsBack);

std::vector<float> InverseFrequencies(double base, std::size_t rotary_dims) {
  // torch rounds the base to the type of the exponents.
  const double base32 = static_cast<float>(base);
  std::vector<float> inv_freq(rotary_dims / 2);
  for (std::size_t i = 0; i < inv_freq.size(); ++i) {
    const float exponent =
        static_cast<float>(2 * i) / static_cast<float>(rotary_dims);
    const auto power = static_cast<float>(Pow64(base32, exponent));
    inv_freq[i] = 1.0f / power;
  }
  return inv_freq;
}

RopeTable RopeTable::Make(std::span<const float> inv_freq,
                          std::size_t positions) {
  RopeTable table;
  table.cos.reserve(positions * inv_freq.size());
  table.sin.reserve(positions * inv_freq.size());
  table.Append(inv_freq, 0, positions);
  return table;
}

void RopeTable::Append(std::span<const float> inv_freq, std::size_t first,
                       std::size_t count) {
  half = inv_freq.size();
  for (std::size_t t = first; t < first + count; ++t) {
    for (const float frequency : inv_freq) {
      const float angle = static_cast<float>(t) * frequency;
      double s = 0, c = 0;
      SinCos64(angle, &s, &c);
      cos.push_back(static_cast<float>(c) * scale);
      sin.push_back(static_cast<float>(s) * scale);
    }
  }
}

void ApplyRope(const RopeTable& table, std::size_t first_row,
               std::size_t head_dim, MatrixView x) {
  assert(2 * table.half <= head_dim && x.cols % head_dim == 0);
  assert((first_row + x.rows) * table.half <= table.cos.size());
  if (UsesReference()) {
    return reference::ApplyRope(table, first_row, head_dim, x);
  }
  HWY_DYNAMIC_DISPATCH(RotateRows)(table, first_row, head_dim, x);
}

void ApplyRopeAdjoint(const RopeTable& table, std::size_t first_row,
                      std::size_t head_dim, MatrixView x) {
  assert(2 * table.half <= head_dim && x.cols % head_dim == 0);
  assert((first_row + x.rows) * table.half <= table.cos.size());
  if (UsesReference()) {
    return reference::ApplyRopeAdjoint(table, first_row, head_dim, x);
  }
  HWY_DYNAMIC_DISPATCH(RotateRowsBack)(table, first_row, head_dim, x);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
