#include "kernels/softmax_jacobian.h"

#include <cassert>
#include <cmath>
#include <cstddef>

#include "kernels/dot_tile.h"
#include "kernels/isa.h"
#include "kernels/reference/softmax_jacobian.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softmax_jacobian.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;

void TimesLess(const float* p, const float sum, const std::size_t count,
               float* v) {
  const Floats tag;
  const std::size_t lanes = hn::Lanes(tag);
  const auto vsum = hn::Set(tag, sum);
  std::size_t k = 0;
  for (; k + lanes <= count; k += lanes) {
    const auto less = hn::Sub(hn::LoadU(tag, v + k), vsum);
    hn::StoreU(hn::Mul(hn::LoadU(tag, p + k), less), tag, v + k);
  }
  for (; k < count; ++k) v[k] = p[k] * (v[k] - sum);
}

void TimesCapSlope(const float cap, const float* y, const std::size_t count,
                   float* v) {
  const Floats tag;
  const std::size_t lanes = hn::Lanes(tag);
  const auto vcap = hn::Set(tag, cap), one = hn::Set(tag, 1.0f);
  std::size_t k = 0;
  for (; k + lanes <= count; k += lanes) {
    const auto capped = hn::LoadU(tag, y + k);
    const auto share = hn::Div(capped, vcap);
    const auto slope = hn::Sub(one, hn::Mul(share, share));
    const auto product = hn::Mul(slope, hn::LoadU(tag, v + k));
    const auto seen = hn::Ge(capped, hn::Neg(vcap));
    hn::StoreU(hn::IfThenElseZero(seen, product), tag, v + k);
  }
  for (; k < count; ++k) {
    const float share = y[k] / cap;
    v[k] = y[k] >= -cap ? (1.0f - share * share) * v[k] : 0.0f;
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(TimesLess);
HWY_EXPORT(TimesCapSlope);

void MultiplyBySoftmaxJacobian(std::span<const float> p, std::span<float> v) {
  assert(p.size() == v.size());
  if (UsesReference()) return reference::MultiplyBySoftmaxJacobian(p, v);
  const float sum = Dot(p, v);
  HWY_DYNAMIC_DISPATCH(TimesLess)(p.data(), sum, p.size(), v.data());
}

void MultiplyByCapSlope(float cap, std::span<const float> y,
                        std::span<float> v) {
  assert(y.size() == v.size());
  if (UsesReference()) return reference::MultiplyByCapSlope(cap, y, v);
  HWY_DYNAMIC_DISPATCH(TimesCapSlope)(cap, y.data(), y.size(), v.data());
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
