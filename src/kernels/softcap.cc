#include "kernels/softcap.h"

#include "kernels/isa.h"
#include "kernels/math.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softcap.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

void CapAll(const float cap, const std::span<float> x) {
  const hn::ScalableTag<float> tag;
  const std::size_t lanes = hn::Lanes(tag);
  const auto vcap = hn::Set(tag, cap);
  std::size_t i = 0;
  for (; i + lanes <= x.size(); i += lanes) {
    const auto part = hn::Div(hn::LoadU(tag, x.data() + i), vcap);
    hn::StoreU(hn::Mul(vcap, Tanh(tag, part)), tag, x.data() + i);
  }
  for (; i < x.size(); ++i) x[i] = cap * kernels::Tanh(x[i] / cap);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(CapAll);

void SoftCap(float cap, std::span<float> x) {
  if (UsesReference()) {
    for (float& one : x) one = cap * Tanh(one / cap);
    return;
  }
  HWY_DYNAMIC_DISPATCH(CapAll)(cap, x);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
