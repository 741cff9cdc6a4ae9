#include "kernels/norm_jacobian.h"

#include <cassert>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/dot_tile.h"
#include "kernels/elementwise.h"
#include "kernels/isa.h"
#include "kernels/reference/norm_jacobian.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm_jacobian.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;

// out = (x - mean) scale.
void Standardise(const float* x, const float mean, const float scale,
                 const std::size_t d, float* out) {
  const Floats tag;
  const std::size_t lanes = hn::Lanes(tag);
  const auto vmean = hn::Set(tag, mean), vscale = hn::Set(tag, scale);
  std::size_t k = 0;
  for (; k + lanes <= d; k += lanes) {
    const auto deviation = hn::Sub(hn::LoadU(tag, x + k), vmean);
    hn::StoreU(hn::Mul(deviation, vscale), tag, out + k);
  }
  for (; k < d; ++k) out[k] = (x[k] - mean) * scale;
}

// out = fma(-h, along, v - mean) scale; `out` may be `v`.
void Project(const float* h, const float* v, const float mean,
             const float along, const float scale, const std::size_t d,
             float* out) {
  const Floats tag;
  const std::size_t lanes = hn::Lanes(tag);
  const auto vmean = hn::Set(tag, mean), vscale = hn::Set(tag, scale);
  const auto valong = hn::Set(tag, along);
  std::size_t k = 0;
  for (; k + lanes <= d; k += lanes) {
    const auto centred = hn::Sub(hn::LoadU(tag, v + k), vmean);
    const auto rest = hn::NegMulAdd(hn::LoadU(tag, h + k), valong, centred);
    hn::StoreU(hn::Mul(rest, vscale), tag, out + k);
  }
  for (; k < d; ++k) out[k] = std::fma(-h[k], along, v[k] - mean) * scale;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(Standardise);
HWY_EXPORT(Project);

namespace {

enum class Kind { kRms, kLayer };

// The Jacobian before the weight, times v, row by row.
class Jacobian {
 public:
  Jacobian(Kind kind, float eps, std::size_t d)
      : kind_(kind), eps_(eps), h_(d), ones_(d, 1.0f) {}

  void Multiply(std::span<const float> x, std::span<const float> v,
                std::span<float> out) {
    const auto d = static_cast<float>(x.size());
    float mean = 0, v_mean = 0;
    if (kind_ == Kind::kLayer) {
      mean = Dot(x, ones_) / d;
      v_mean = Dot(v, ones_) / d;
    }
    HWY_DYNAMIC_DISPATCH(Standardise)
    (x.data(), mean, 1.0f, x.size(), h_.data());
    const float scale = 1.0f / std::sqrt(Dot(h_, h_) / d + eps_);
    HWY_DYNAMIC_DISPATCH(Standardise)
    (h_.data(), 0.0f, scale, x.size(), h_.data());
    const float along = Dot(v, h_) / d;
    HWY_DYNAMIC_DISPATCH(Project)
    (h_.data(), v.data(), v_mean, along, scale, x.size(), out.data());
  }

 private:
  const Kind kind_;
  const float eps_;
  std::vector<float> h_, ones_;
};

void Adjoint(Kind kind, ConstMatrixView x, std::span<const float> weight,
             float eps, ConstMatrixView dy, MatrixView dx) {
  assert(dy.rows == x.rows && dx.rows == x.rows && x.cols > 0);
  assert(dy.cols == x.cols && dx.cols == x.cols);
  assert(weight.empty() || weight.size() == x.cols);
  Jacobian jacobian(kind, eps, x.cols);
  for (std::size_t r = 0; r < x.rows; ++r) {
    std::span<const float> v = dy.RowSpan(r);
    if (!weight.empty()) {
      Multiply(v, weight, dx.RowSpan(r));
      v = dx.RowSpan(r);
    }
    jacobian.Multiply(x.RowSpan(r), v, dx.RowSpan(r));
  }
}

void Tangent(Kind kind, ConstMatrixView x, std::span<const float> weight,
             float eps, ConstMatrixView dx, MatrixView dy) {
  assert(dy.rows == x.rows && dx.rows == x.rows && x.cols > 0);
  assert(dy.cols == x.cols && dx.cols == x.cols);
  assert(weight.empty() || weight.size() == x.cols);
  Jacobian jacobian(kind, eps, x.cols);
  for (std::size_t r = 0; r < x.rows; ++r) {
    jacobian.Multiply(x.RowSpan(r), dx.RowSpan(r), dy.RowSpan(r));
    if (!weight.empty()) Multiply(dy.RowSpan(r), weight, dy.RowSpan(r));
  }
}

}  // namespace

void RmsNormAdjoint(ConstMatrixView x, std::span<const float> weight, float eps,
                    ConstMatrixView dy, MatrixView dx) {
  if (UsesReference()) {
    return reference::RmsNormAdjoint(x, weight, eps, dy, dx);
  }
  Adjoint(Kind::kRms, x, weight, eps, dy, dx);
}

void LayerNormAdjoint(ConstMatrixView x, std::span<const float> weight,
                      float eps, ConstMatrixView dy, MatrixView dx) {
  if (UsesReference()) {
    return reference::LayerNormAdjoint(x, weight, eps, dy, dx);
  }
  Adjoint(Kind::kLayer, x, weight, eps, dy, dx);
}

void RmsNormTangent(ConstMatrixView x, std::span<const float> weight, float eps,
                    ConstMatrixView dx, MatrixView dy) {
  if (UsesReference()) {
    return reference::RmsNormTangent(x, weight, eps, dx, dy);
  }
  Tangent(Kind::kRms, x, weight, eps, dx, dy);
}

void LayerNormTangent(ConstMatrixView x, std::span<const float> weight,
                      float eps, ConstMatrixView dx, MatrixView dy) {
  if (UsesReference()) {
    return reference::LayerNormTangent(x, weight, eps, dx, dy);
  }
  Tangent(Kind::kLayer, x, weight, eps, dx, dy);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
