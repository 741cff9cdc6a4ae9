// Two passes over a row: of d <= 8192 floats, it is 32 KiB, so that the second
// read comes from the first or second cache.
#include "kernels/norm.h"

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

// Sum of x[k]^2 in the canonical order: the 16 partials fill one register of
// AVX-512, two of AVX2, four of NEON.
float SumSquares(const float* x, const std::size_t d) {
  const hn::CappedTag<float, kPartials> tag;
  constexpr std::size_t kLanes = hn::MaxLanes(tag);
  constexpr std::size_t kRegisters = kPartials / kLanes;
  hn::Vec<decltype(tag)> sum[kRegisters];
  for (auto& s : sum) s = hn::Zero(tag);
  std::size_t k = 0;
  for (; k + kPartials <= d; k += kPartials) {
    for (std::size_t r = 0; r < kRegisters; ++r) {
      const auto v = hn::LoadU(tag, x + k + r * kLanes);
      sum[r] = hn::MulAdd(v, v, sum[r]);
    }
  }
  alignas(64) float partial[kPartials];
  for (std::size_t r = 0; r < kRegisters; ++r) {
    hn::Store(sum[r], tag, partial + r * kLanes);
  }
  for (std::size_t j = 0; k < d; ++k, ++j) {  // tail, fewer than 16
    partial[j] = std::fma(x[k], x[k], partial[j]);
  }
  return FoldPartials(partial);
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

void RmsNormRows(const ConstMatrixView x, const float* weight, const float eps,
                 const MatrixView out) {
  for (std::size_t r = 0; r < x.rows; ++r) {
    RmsNormRow(x.Row(r), weight, x.cols, eps, out.Row(r));
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(RmsNormRows);

void RmsNorm(ConstMatrixView x, std::span<const float> weight, float eps,
             MatrixView out) {
  assert(x.cols > 0 && x.cols == weight.size());
  assert(out.rows == x.rows && out.cols == x.cols);
  if (UsesReference()) return reference::RmsNorm(x, weight, eps, out);
  HWY_DYNAMIC_DISPATCH(RmsNormRows)(x, weight.data(), eps, out);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
