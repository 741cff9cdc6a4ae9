#include "kernels/reference/activation_slope.h"

#include <cmath>
#include <cstddef>

#include "kernels/activation_constants.h"
#include "kernels/math.h"

namespace pellucid::kernels::reference {
namespace {

namespace c = activation_constants;

float Silu(float x) {
  const float sigma = 1.0f / (1.0f + Exp(-x));
  return sigma * (1.0f + x * (1.0f - sigma));
}

float Gelu(float x) {
  const float density = Exp(-0.5f * (x * x)) * c::kOverSqrtTwoPi;
  return 0.5f * (1.0f + Erf(x * c::kSqrtHalf)) + x * density;
}

float GeluTanh(float x) {
  if (x > c::kFlat) x = c::kFlat;
  if (x < -c::kFlat) x = -c::kFlat;
  const float square = x * x;
  const float t = Tanh(c::kSqrtTwoOverPi * (x + c::kCubic * (square * x)));
  const float inner = c::kSqrtTwoOverPi * (1.0f + c::kCubicSlope * square);
  return 0.5f * (1.0f + t) + (0.5f * x) * ((1.0f - t * t) * inner);
}

float QuickGelu(float x) { return Silu(c::kQuick * x); }

float Relu(float x) { return std::isnan(x) ? x : x > 0.0f ? 1.0f : 0.0f; }

float Relu2(float x) {
  const float relu = x < 0.0f ? 0.0f : x;
  return relu + relu;
}

using Function = float (*)(float);

Function SlopeOf(Activation activation) {
  switch (activation) {
    case Activation::kSilu:
      return Silu;
    case Activation::kGelu:
      return Gelu;
    case Activation::kGeluTanh:
    case Activation::kGeluFast:
      return GeluTanh;
    case Activation::kQuickGelu:
      return QuickGelu;
    case Activation::kRelu:
      return Relu;
    case Activation::kRelu2:
      return Relu2;
  }
  return Silu;
}

}  // namespace

void MultiplyBySlope(Activation activation, std::span<const float> x,
                     std::span<const float> v, std::span<float> out) {
  const Function slope = SlopeOf(activation);
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = slope(x[k]) * v[k];
}

}  // namespace pellucid::kernels::reference
