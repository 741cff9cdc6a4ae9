// The nonlinear functions of MLPs, element by element, by the formulas of
// Hugging Face's eager float32: where they round, so does this, one operation
// after another in the order written below (x^2 is x x, x^3 is x x x). tanh,
// erf and exp are our own (kernels/math.h), so results differ from theirs by a
// few units in the last place of x: 1 + tanh and 1 + erf cancel for negative x,
// there as here.
//
// Any vector width gives the same bits. NaN gives NaN.
#ifndef PELLUCID_KERNELS_ACTIVATION_H_
#define PELLUCID_KERNELS_ACTIVATION_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pellucid::kernels {

enum class Activation : std::uint8_t {
  kSilu,       // x / (1 + exp(-x))
  kGelu,       // (x 0.5) (1 + erf(x sqrt(1/2)))
  kGeluTanh,   // (0.5 x) (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  kGeluFast,   // (0.5 x) (1 + tanh((x 0.7978845608) (1 + (0.044715 x) x)))
  kQuickGelu,  // x (1 / (1 + exp(-(1.702 x))))
  kRelu,       // x, or 0 where x < 0
  kRelu2,      // its square
};

// out[i] = activation(x[i]); x, out [count], any count; `out` may be `x`.
void Activate(Activation activation, std::span<const float> x,
              std::span<float> out);

// What configurations call it: gelu (erf), gelu_new and gelu_pytorch_tanh (both
// kGeluTanh), gelu_fast, quick_gelu, silu and swish, relu, relu2. Nothing for
// another name.
std::optional<Activation> ActivationFromName(std::string_view hf_name);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_ACTIVATION_H_
