#include "kernels/reference/activation.h"

#include <cstddef>

#include "kernels/activation_constants.h"
#include "kernels/math.h"

namespace pellucid::kernels::reference {
namespace {

namespace c = activation_constants;

float Silu(float x) { return x / (1.0f + Exp(-x)); }

float Gelu(float x) { return (x * 0.5f) * (1.0f + Erf(x * c::kSqrtHalf)); }

float GeluTanh(float x) {
  const float cube = (x * x) * x;
  const float inner = c::kSqrtTwoOverPi * (x + c::kCubic * cube);
  return (0.5f * x) * (1.0f + Tanh(inner));
}

float GeluFast(float x) {
  const float factor = 1.0f + (c::kCubic * x) * x;
  return (0.5f * x) * (1.0f + Tanh((x * c::kSqrtTwoOverPi) * factor));
}

float QuickGelu(float x) { return x * (1.0f / (1.0f + Exp(-(c::kQuick * x)))); }

float Relu(float x) { return x < 0.0f ? 0.0f : x; }

float Relu2(float x) { return Relu(x) * Relu(x); }

using Function = float (*)(float);

Function FunctionOf(Activation activation) {
  switch (activation) {
    case Activation::kSilu:
      return Silu;
    case Activation::kGelu:
      return Gelu;
    case Activation::kGeluTanh:
      return GeluTanh;
    case Activation::kGeluFast:
      return GeluFast;
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

void Activate(Activation activation, std::span<const float> x,
              std::span<float> out) {
  const Function function = FunctionOf(activation);
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = function(x[k]);
}

}  // namespace pellucid::kernels::reference
