// Two passes over a row, or three: of d <= 8192 floats, it is 32 KiB, so that
// the later reads come from the first or second cache.
#include "kernels/norm.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

#include "kernels/canonical.h"
#include "kernels/isa.h"
#include "kernels/reference/norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm.cc"  // this file, seen from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"         // after foreach_target.h

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kPartials>;
using Vec = hn::Vec<Floats>;
constexpr std::size_t kLanes = hn::MaxLanes(Floats());

// The sum of term(x[k]) in the canonical order, `add(v, sum)` being the fused
// sum + term(v): the 16 partials fill one register of AVX-512, two of AVX2,
// four of NEON. A tail goes on with `padding`, whose term is 0.
template <class Add>
HWY_INLINE float SumOver(const float* x, const std::size_t d,
                         const float padding, const Add& add) {
  constexpr std::size_t kRegisters = kPartials / kLanes;
  const Floats tag;
  Vec sum[kRegisters];
  for (Vec& s : sum) s = hn::Zero(tag);
  std::size_t k = 0;
  for (; k + kPartials <= d; k += kPartials) {
    for (std::size_t r = 0; r < kRegisters; ++r) {
      sum[r] = add(hn::LoadU(tag, x + k + r * kLanes), sum[r]);
    }
  }
  alignas(64) float partial[kPartials];
  if (k < d) {
    std::fill_n(partial, kPartials, padding);
    std::copy(x + k, x + d, partial);
    for (std::size_t r = 0; r < kRegisters; ++r) {
      sum[r] = add(hn::Load(tag, partial + r * kLanes), sum[r]);
    }
  }
  for (std::size_t r = 0; r < kRegisters; ++r) {
    hn::Store(sum[r], tag, partial + r * kLanes);
  }
  return FoldPartials(partial);
}

float Sum(const float* x, const std::size_t d) {
  return SumOver(x, d, 0.0f,
                 [](Vec v, Vec sum) HWY_ATTR { return hn::Add(sum, v); });
}

float SumSquares(const float* x, const std::size_t d) {
  return SumOver(x, d, 0.0f,
                 [](Vec v, Vec sum) HWY_ATTR { return hn::MulAdd(v, v, sum); });
}

// Of (x[k] - center)^2.
float SumSquaresAbout(const float center, const float* x, const std::size_t d) {
  const Vec about = hn::Set(Floats(), center);
  return SumOver(x, d, center, [about](Vec v, Vec sum) HWY_ATTR {
    const Vec deviation = hn::Sub(v, about);
    return hn::MulAdd(deviation, deviation, sum);
  });
}

// `out` may be `x`.
void RmsNormRow(const float* x, const float* weight, const std::size_t d,
                const float eps, float* out) {
  const hn::ScalableTag<float> tag;  // element by element: any width will do
  const std::size_t lanes = hn::Lanes(tag);
  const float mean = SumSquares(x, d) / static_cast<float>(d);
  const float scale = 1.0f / std::sqrt(mean + eps);
  const auto vscale = hn::Set(tag, scale);
  std::size_t k = 0;
  for (; k + lanes <= d; k += lanes) {
    const auto scaled = hn::Mul(hn::LoadU(tag, x + k), vscale);
    hn::StoreU(hn::Mul(scaled, hn::LoadU(tag, weight + k)), tag, out + k);
  }
  for (; k < d; ++k) out[k] = x[k] * scale * weight[k];
}

// weight or bias may be null. `out` may be `x`.
void LayerNormRow(const float* x, const float* weight, const float* bias,
                  const std::size_t d, const float eps, float* out) {
  const hn::ScalableTag<float> tag;
  const std::size_t lanes = hn::Lanes(tag);
  const auto count = static_cast<float>(d);
  const float mean = Sum(x, d) / count;
  const float variance = SumSquaresAbout(mean, x, d) / count;
  const float scale = 1.0f / std::sqrt(variance + eps);
  const auto vmean = hn::Set(tag, mean), vscale = hn::Set(tag, scale);
  std::size_t k = 0;
  for (; k + lanes <= d; k += lanes) {
    auto v = hn::Mul(hn::Sub(hn::LoadU(tag, x + k), vmean), vscale);
    if (weight != nullptr) v = hn::Mul(v, hn::LoadU(tag, weight + k));
    if (bias != nullptr) v = hn::Add(v, hn::LoadU(tag, bias + k));
    hn::StoreU(v, tag, out + k);
  }
  for (; k < d; ++k) {
    float v = (x[k] - mean) * scale;
    if (weight != nullptr) v *= weight[k];
    if (bias != nullptr) v += bias[k];
    out[k] = v;
  }
}

void RmsNormRows(const ConstMatrixView x, const float* weight, const float eps,
                 const MatrixView out) {
  for (std::size_t r = 0; r < x.rows; ++r) {
    RmsNormRow(x.Row(r), weight, x.cols, eps, out.Row(r));
  }
}

void LayerNormRows(const ConstMatrixView x, const float* weight,
                   const float* bias, const float eps, const MatrixView out) {
  for (std::size_t r = 0; r < x.rows; ++r) {
    LayerNormRow(x.Row(r), weight, bias, x.cols, eps, out.Row(r));
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(RmsNormRows);
HWY_EXPORT(LayerNormRows);

void RmsNorm(ConstMatrixView x, std::span<const float> weight, float eps,
             MatrixView out) {
  assert(x.cols > 0 && x.cols == weight.size());
  assert(out.rows == x.rows && out.cols == x.cols);
  if (UsesReference()) return reference::RmsNorm(x, weight, eps, out);
  HWY_DYNAMIC_DISPATCH(RmsNormRows)(x, weight.data(), eps, out);
}

void LayerNorm(ConstMatrixView x, std::span<const float> weight,
               std::span<const float> bias, float eps, MatrixView out) {
  assert(x.cols > 0);
  assert(weight.empty() || weight.size() == x.cols);
  assert(bias.empty() || bias.size() == x.cols);
  assert(out.rows == x.rows && out.cols == x.cols);
  if (UsesReference()) return reference::LayerNorm(x, weight, bias, eps, out);
  HWY_DYNAMIC_DISPATCH(LayerNormRows)
  (x, weight.empty() ? nullptr : weight.data(),
   bias.empty() ? nullptr : bias.data(), eps, out);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
