// One loop over a row, as in activation.cc; the last elements go through
// registers that are padded with zeros.
#include "kernels/activation_slope.h"

#include <cassert>
#include <cstddef>
#include <cstring>

#include "kernels/activation_constants.h"
#include "kernels/isa.h"
#include "kernels/reference/activation_slope.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation_slope.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
namespace c = activation_constants;

using Floats = hn::CappedTag<float, 16>;
using Vec = hn::Vec<Floats>;
constexpr std::size_t kLanes = hn::MaxLanes(Floats());

HWY_INLINE Vec Number(float value) { return hn::Set(Floats(), value); }
HWY_INLINE Vec One() { return Number(1.0f); }

// sigma(z) (1 + z (1 - sigma(z))).
HWY_INLINE Vec SlopeOfSwish(Vec z) {
  const Vec exp = Exp(Floats(), hn::Neg(z));
  const Vec sigma = hn::Div(One(), hn::Add(One(), exp));
  const Vec rest = hn::Sub(One(), sigma);
  return hn::Mul(sigma, hn::Add(One(), hn::Mul(z, rest)));
}

struct Silu {
  static HWY_INLINE Vec Of(Vec x) { return SlopeOfSwish(x); }
};

struct Gelu {
  static HWY_INLINE Vec Of(Vec x) {
    const Vec erf = Erf(Floats(), hn::Mul(x, Number(c::kSqrtHalf)));
    const Vec square = hn::Mul(x, x);
    const Vec exp = Exp(Floats(), hn::Mul(Number(-0.5f), square));
    const Vec density = hn::Mul(exp, Number(c::kOverSqrtTwoPi));
    return hn::Add(hn::Mul(Number(0.5f), hn::Add(One(), erf)),
                   hn::Mul(x, density));
  }
};

// Of both cubics: their steps differ in roundings alone.
struct GeluTanh {
  static HWY_INLINE Vec Of(Vec x) {
    const Floats d;
    const Vec most = Number(c::kFlat), least = Number(-c::kFlat);
    x = hn::IfThenElse(hn::Gt(x, most), most, x);  // NaN stays
    x = hn::IfThenElse(hn::Lt(x, least), least, x);
    const Vec square = hn::Mul(x, x);
    const Vec cube = hn::Mul(square, x);
    const Vec sum = hn::Add(x, hn::Mul(Number(c::kCubic), cube));
    const Vec t = Tanh(d, hn::Mul(Number(c::kSqrtTwoOverPi), sum));
    const Vec inner =
        hn::Mul(Number(c::kSqrtTwoOverPi),
                hn::Add(One(), hn::Mul(Number(c::kCubicSlope), square)));
    const Vec rest = hn::Sub(One(), hn::Mul(t, t));
    const Vec half = Number(0.5f);
    return hn::Add(hn::Mul(half, hn::Add(One(), t)),
                   hn::Mul(hn::Mul(half, x), hn::Mul(rest, inner)));
  }
};

struct QuickGelu {
  static HWY_INLINE Vec Of(Vec x) {
    return SlopeOfSwish(hn::Mul(Number(c::kQuick), x));
  }
};

// NaN gives NaN, as x does in a forward pass.
struct Relu {
  static HWY_INLINE Vec Of(Vec x) {
    const Vec zero = hn::Zero(Floats());
    const Vec slope = hn::IfThenElseZero(hn::Gt(x, zero), One());
    return hn::IfThenElse(hn::IsNaN(x), x, slope);
  }
};

struct Relu2 {
  static HWY_INLINE Vec Of(Vec x) {
    const Vec relu = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(Floats())), x);
    return hn::Add(relu, relu);
  }
};

template <class Slope>
void Map(const float* x, const float* v, const std::size_t count, float* out) {
  const Floats d;
  std::size_t k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    const Vec slope = Slope::Of(hn::LoadU(d, x + k));
    hn::StoreU(hn::Mul(slope, hn::LoadU(d, v + k)), d, out + k);
  }
  if (k == count) return;
  alignas(64) float last_x[kLanes] = {}, last_v[kLanes] = {};
  const std::size_t bytes = (count - k) * sizeof(float);
  std::memcpy(last_x, x + k, bytes);
  std::memcpy(last_v, v + k, bytes);
  const Vec slope = Slope::Of(hn::Load(d, last_x));
  hn::Store(hn::Mul(slope, hn::Load(d, last_v)), d, last_v);
  std::memcpy(out + k, last_v, bytes);
}

void MultiplyRow(const Activation activation, const float* x, const float* v,
                 const std::size_t count, float* out) {
  switch (activation) {
    case Activation::kSilu:
      return Map<Silu>(x, v, count, out);
    case Activation::kGelu:
      return Map<Gelu>(x, v, count, out);
    case Activation::kGeluTanh:
    case Activation::kGeluFast:
      return Map<GeluTanh>(x, v, count, out);
    case Activation::kQuickGelu:
      return Map<QuickGelu>(x, v, count, out);
    case Activation::kRelu:
      return Map<Relu>(x, v, count, out);
    case Activation::kRelu2:
      return Map<Relu2>(x, v, count, out);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(MultiplyRow);

void MultiplyBySlope(Activation activation, std::span<const float> x,
                     std::span<const float> v, std::span<float> out) {
  assert(x.size() == out.size() && v.size() == out.size());
  if (UsesReference()) {
    return reference::MultiplyBySlope(activation, x, v, out);
  }
  HWY_DYNAMIC_DISPATCH(MultiplyRow)
  (activation, x.data(), v.data(), x.size(), out.data());
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
