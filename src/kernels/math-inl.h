// Vector forms of kernels/math.h, for inclusion by kernel sources after
// hwy/highway.h. Each does operation by operation what the plain form in
// math.cc does, so every lane of every width has its bits.
//
// Include guard toggled by Highway's multiple inclusion, hence this form.
#if defined(PELLUCID_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PELLUCID_KERNELS_MATH_INL_H_
#undef PELLUCID_KERNELS_MATH_INL_H_
#else
#define PELLUCID_KERNELS_MATH_INL_H_
#endif

#include <cstddef>
#include <limits>

#include "hwy/highway.h"
#include "kernels/erf_constants.h"
#include "kernels/exp_constants.h"
#include "kernels/tanh_constants.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {

// A power series in x, coefficients from the constant up.
template <class D, std::size_t N, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Polynomial(const D d, const float (&coefficients)[N], const V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  V sum = hn::Set(d, coefficients[N - 1]);
  for (std::size_t i = N - 1; i > 0; --i) {
    sum = hn::MulAdd(sum, x, hn::Set(d, coefficients[i - 1]));
  }
  return sum;
}

// x = n ln 2 + r: `rounded` is kRounder + n, whose low bits are n; `p` is
// exp(r), 0.7 < p < 1.5. Needs |x| <= kMaxRelativeX.
template <class V>
struct ExpParts {
  V rounded, p;
};

template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE ExpParts<V> SplitExp(const D d, const V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  namespace c = exp_constants;
  const V rounder = hn::Set(d, c::kRounder);
  const V one = hn::Set(d, 1.0f);
  const V rounded = hn::MulAdd(x, hn::Set(d, c::kLog2E), rounder);
  const V n = hn::Sub(rounded, rounder);
  V r = hn::NegMulAdd(n, hn::Set(d, c::kLn2Hi), x);
  r = hn::NegMulAdd(n, hn::Set(d, c::kLn2Lo), r);
  V p = hn::MulAdd(hn::Set(d, c::kC6), r, hn::Set(d, c::kC5));
  p = hn::MulAdd(p, r, hn::Set(d, c::kC4));
  p = hn::MulAdd(p, r, hn::Set(d, c::kC3));
  p = hn::MulAdd(p, r, hn::Set(d, c::kC2));
  p = hn::MulAdd(p, r, one);
  p = hn::MulAdd(p, r, one);
  return {rounded, p};
}

// p 2^n, where `rounded` is kRounder + n.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V TimesPowerOfTwo(const D d, const V p, const V rounded) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToUnsigned<D> du;
  const auto power = hn::ShiftLeft<23>(hn::BitCast(du, rounded));
  return hn::BitCast(d, hn::Add(hn::BitCast(du, p), power));
}

// Exp (kernels/math.h) of each lane.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Exp(const D d, const V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  namespace c = exp_constants;
  const ExpParts<V> parts = SplitExp(d, x);
  V y = TimesPowerOfTwo(d, parts.p, parts.rounded);
  y = hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, c::kMinX)), y);
  // Above the range +inf, and NaN stays NaN: both are x * inf.
  const V beyond =
      hn::Mul(x, hn::Set(d, std::numeric_limits<float>::infinity()));
  return hn::IfThenElse(hn::Le(x, hn::Set(d, c::kMaxX)), y, beyond);
}

// ExpExponent (kernels/math.h) of each lane.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V ExpExponent(const D d, const V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V rounder = hn::Set(d, exp_constants::kRounder);
  const V log2e = hn::Set(d, exp_constants::kLog2E);
  return hn::Sub(hn::MulAdd(x, log2e, rounder), rounder);
}

// exp(x) / 2^e of parts of x, `rounded` = parts.rounded - e, or 0 where that is
// too small for a normal float.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V ScaledExp(const D d, const ExpParts<V> parts, const V rounded) {
  namespace hn = hwy::HWY_NAMESPACE;
  namespace c = exp_constants;
  const V least = hn::Set(d, c::kRounder + c::kMinPower);
  return hn::IfThenZeroElse(hn::Lt(rounded, least),
                            TimesPowerOfTwo(d, parts.p, rounded));
}

// ExpRelative (kernels/math.h) of each lane, where |x| <= kMaxRelativeX and
// exp(x) < 2^(e + kMaxPower).
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V ExpRelativeInRange(const D d, const V x, const V e) {
  const ExpParts<V> parts = SplitExp(d, x);
  return ScaledExp(d, parts, hwy::HWY_NAMESPACE::Sub(parts.rounded, e));
}

// ExpRelative (kernels/math.h) of each lane: exp(x) / 2^e, e an integer.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V ExpRelative(const D d, const V x, const V e) {
  namespace hn = hwy::HWY_NAMESPACE;
  namespace c = exp_constants;
  const ExpParts<V> parts = SplitExp(d, x);
  const V rounded = hn::Sub(parts.rounded, e);  // kRounder + n - e, exactly
  const V most = hn::Set(d, c::kRounder + c::kMaxPower);
  const V infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  const V nan = hn::Set(d, std::numeric_limits<float>::quiet_NaN());
  V y = ScaledExp(d, parts, rounded);
  y = hn::IfThenElse(hn::Gt(rounded, most), infinity, y);
  const auto in_range = hn::Le(hn::Abs(x), hn::Set(d, c::kMaxRelativeX));
  return hn::IfThenElse(in_range, y, nan);
}

// `x` where it is at most `most`, else that; NaN stays NaN, as hn::Min's need
// not.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V ClampAbove(const D d, const V x, const float most) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V limit = hn::Set(d, most);
  return hn::IfThenElse(hn::Gt(x, limit), limit, x);
}

// Tanh (kernels/math.h) of each lane.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Tanh(const D d, const V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  namespace c = tanh_constants;
  const V one = hn::Set(d, 1.0f);
  const V size = hn::Abs(x);
  const V square = hn::Mul(size, size);
  const V near =
      hn::MulAdd(Polynomial(d, c::kNear, square), hn::Mul(size, square), size);
  const V clamped = ClampAbove(d, size, c::kMaxX);
  const V e = Exp(d, hn::Add(clamped, clamped));
  const V far = hn::Sub(one, hn::Div(hn::Set(d, 2.0f), hn::Add(e, one)));
  const auto is_near = hn::Lt(size, hn::Set(d, c::kFirstFar));
  return hn::CopySignToAbs(hn::IfThenElse(is_near, near, far), x);
}

// Erf (kernels/math.h) of each lane.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Erf(const D d, const V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  namespace c = erf_constants;
  const V size = hn::Abs(x);
  const V square = hn::Mul(size, size);
  const V near = hn::MulAdd(Polynomial(d, c::kNear, square), size, size);
  const V clamped = ClampAbove(d, size, c::kMaxX);
  const V rest = Exp(d, Polynomial(d, c::kFar, clamped));
  const V far = hn::Sub(hn::Set(d, 1.0f), rest);
  const auto is_near = hn::Lt(size, hn::Set(d, c::kFirstFar));
  return hn::CopySignToAbs(hn::IfThenElse(is_near, near, far), x);
}

}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
