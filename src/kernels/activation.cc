// One loop over a row, for whatever is done to a register of it; the last
// elements go through a register that is padded with zeros.
#include "kernels/activation.h"

#include <cassert>
#include <cstddef>
#include <cstring>

#include "kernels/activation_constants.h"
#include "kernels/isa.h"
#include "kernels/reference/activation.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation.cc"  // this file, from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
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

struct Silu {
  static HWY_INLINE Vec Of(Vec x) {
    return hn::Div(x, hn::Add(Number(1.0f), Exp(Floats(), hn::Neg(x))));
  }
};

struct Gelu {
  static HWY_INLINE Vec Of(Vec x) {
    const Vec erf = Erf(Floats(), hn::Mul(x, Number(c::kSqrtHalf)));
    return hn::Mul(hn::Mul(x, Number(0.5f)), hn::Add(Number(1.0f), erf));
  }
};

// (0.5 x) (1 + tanh(inner)).
HWY_INLINE Vec HalfOfOnePlusTanh(Vec x, Vec inner) {
  const Vec sum = hn::Add(Number(1.0f), Tanh(Floats(), inner));
  return hn::Mul(hn::Mul(Number(0.5f), x), sum);
}

struct GeluTanh {
  static HWY_INLINE Vec Of(Vec x) {
    const Vec cube = hn::Mul(hn::Mul(x, x), x);
    const Vec sum = hn::Add(x, hn::Mul(Number(c::kCubic), cube));
    return HalfOfOnePlusTanh(x, hn::Mul(Number(c::kSqrtTwoOverPi), sum));
  }
};

struct GeluFast {
  static HWY_INLINE Vec Of(Vec x) {
    const Vec square = hn::Mul(hn::Mul(Number(c::kCubic), x), x);
    const Vec scaled = hn::Mul(x, Number(c::kSqrtTwoOverPi));
    const Vec factor = hn::Add(Number(1.0f), square);
    return HalfOfOnePlusTanh(x, hn::Mul(scaled, factor));
  }
};

struct QuickGelu {
  static HWY_INLINE Vec Of(Vec x) {
    const Vec exp = Exp(Floats(), hn::Neg(hn::Mul(Number(c::kQuick), x)));
    const Vec one = Number(1.0f);
    return hn::Mul(x, hn::Div(one, hn::Add(one, exp)));
  }
};

struct Relu {
  static HWY_INLINE Vec Of(Vec x) {
    return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(Floats())), x);  // NaN stays
  }
};

struct Relu2 {
  static HWY_INLINE Vec Of(Vec x) {
    const Vec relu = Relu::Of(x);
    return hn::Mul(relu, relu);
  }
};

template <class Function>
void Map(const float* x, const std::size_t count, float* out) {
  const Floats d;
  std::size_t k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    hn::StoreU(Function::Of(hn::LoadU(d, x + k)), d, out + k);
  }
  if (k == count) return;
  alignas(64) float last[kLanes] = {};
  const std::size_t bytes = (count - k) * sizeof(float);
  std::memcpy(last, x + k, bytes);
  hn::Store(Function::Of(hn::Load(d, last)), d, last);
  std::memcpy(out + k, last, bytes);
}

void ActivateRow(const Activation activation, const float* x,
                 const std::size_t count, float* out) {
  switch (activation) {
    case Activation::kSilu:
      return Map<Silu>(x, count, out);
    case Activation::kGelu:
      return Map<Gelu>(x, count, out);
    case Activation::kGeluTanh:
      return Map<GeluTanh>(x, count, out);
    case Activation::kGeluFast:
      return Map<GeluFast>(x, count, out);
    case Activation::kQuickGelu:
      return Map<QuickGelu>(x, count, out);
    case Activation::kRelu:
      return Map<Relu>(x, count, out);
    case Activation::kRelu2:
      return Map<Relu2>(x, count, out);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {
namespace {

HWY_EXPORT(ActivateRow);

struct ActivationName {
  std::string_view name;
  Activation activation;
};

constexpr ActivationName kNames[] = {
    {"gelu", Activation::kGelu},
    {"gelu_fast", Activation::kGeluFast},
    {"gelu_new", Activation::kGeluTanh},
    {"gelu_python", Activation::kGelu},
    {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"quick_gelu", Activation::kQuickGelu},
    {"relu", Activation::kRelu},
    {"relu2", Activation::kRelu2},
    {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},
};

}  // namespace

void Activate(Activation activation, std::span<const float> x,
              std::span<float> out) {
  assert(x.size() == out.size());
  if (UsesReference()) return reference::Activate(activation, x, out);
  HWY_DYNAMIC_DISPATCH(ActivateRow)
  (activation, x.data(), x.size(), out.data());
}

std::optional<Activation> ActivationFromName(std::string_view hf_name) {
  for (const ActivationName& entry : kNames) {
    if (entry.name == hf_name) return entry.activation;
  }
  return std::nullopt;
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
