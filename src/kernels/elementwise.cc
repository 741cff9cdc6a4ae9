#include "kernels/elementwise.h"

#include <cassert>
#include <cmath>
#include <cstdint>

#include "kernels/isa.h"
#include "kernels/math.h"
#include "kernels/reference/elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/elementwise.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<float>;

void AddRow(const float* a, const float* b, const std::size_t count,
            float* out) {
  const Tag tag;
  const std::size_t lanes = hn::Lanes(tag);
  std::size_t k = 0;
  for (; k + lanes <= count; k += lanes) {
    const auto sum = hn::Add(hn::LoadU(tag, a + k), hn::LoadU(tag, b + k));
    hn::StoreU(sum, tag, out + k);
  }
  for (; k < count; ++k) out[k] = a[k] + b[k];
}

void MultiplyRow(const float* a, const float* b, const std::size_t count,
                 float* out) {
  const Tag tag;
  const std::size_t lanes = hn::Lanes(tag);
  std::size_t k = 0;
  for (; k + lanes <= count; k += lanes) {
    const auto product = hn::Mul(hn::LoadU(tag, a + k), hn::LoadU(tag, b + k));
    hn::StoreU(product, tag, out + k);
  }
  for (; k < count; ++k) out[k] = a[k] * b[k];
}

void ExpLessRow(const float* x, const float shift, const std::size_t count,
                float* out) {
  const Tag tag;
  const std::size_t lanes = hn::Lanes(tag);
  const auto shifts = hn::Set(tag, shift);
  std::size_t k = 0;
  for (; k + lanes <= count; k += lanes) {
    const auto less = hn::Sub(hn::LoadU(tag, x + k), shifts);
    hn::StoreU(Exp(tag, less), tag, out + k);
  }
  for (; k < count; ++k) out[k] = kernels::Exp(x[k] - shift);
}

// The exponents of four registers are tested at once; the place is looked for
// only where there is one.
std::size_t FirstNonFiniteOf(const float* x, const std::size_t count) {
  const Tag tag;
  const hn::RebindToUnsigned<Tag> bits_tag;
  const std::size_t lanes = hn::Lanes(tag);
  const auto exponent = hn::Set(bits_tag, 0x7f800000u);
  const auto non_finite = [&](const std::size_t at) HWY_ATTR {
    const auto bits = hn::BitCast(bits_tag, hn::LoadU(tag, x + at));
    return hn::Eq(hn::And(bits, exponent), exponent);
  };
  std::size_t k = 0;
  for (; k + 4 * lanes <= count; k += 4 * lanes) {
    const auto low = hn::Or(non_finite(k), non_finite(k + lanes));
    const auto high =
        hn::Or(non_finite(k + 2 * lanes), non_finite(k + 3 * lanes));
    if (!hn::AllFalse(bits_tag, hn::Or(low, high))) break;
  }
  while (k < count && std::isfinite(x[k])) ++k;
  return k;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(AddRow);
HWY_EXPORT(MultiplyRow);
HWY_EXPORT(ExpLessRow);
HWY_EXPORT(FirstNonFiniteOf);

void Add(std::span<const float> a, std::span<const float> b,
         std::span<float> out) {
  assert(a.size() == out.size() && b.size() == out.size());
  if (UsesReference()) return reference::Add(a, b, out);
  HWY_DYNAMIC_DISPATCH(AddRow)(a.data(), b.data(), out.size(), out.data());
}

void Multiply(std::span<const float> a, std::span<const float> b,
              std::span<float> out) {
  assert(a.size() == out.size() && b.size() == out.size());
  if (UsesReference()) return reference::Multiply(a, b, out);
  HWY_DYNAMIC_DISPATCH(MultiplyRow)
  (a.data(), b.data(), out.size(), out.data());
}

void ExpLess(std::span<const float> x, float shift, std::span<float> out) {
  assert(x.size() == out.size());
  if (UsesReference()) return reference::ExpLess(x, shift, out);
  HWY_DYNAMIC_DISPATCH(ExpLessRow)(x.data(), shift, x.size(), out.data());
}

std::size_t FirstNonFinite(std::span<const float> x) {
  if (UsesReference()) return reference::FirstNonFinite(x);
  return HWY_DYNAMIC_DISPATCH(FirstNonFiniteOf)(x.data(), x.size());
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
