#include "kernels/reference/elementwise.h"

#include <cmath>

#include "kernels/math.h"

namespace pellucid::kernels::reference {

void Add(std::span<const float> a, std::span<const float> b,
         std::span<float> out) {
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = a[k] + b[k];
}

void Multiply(std::span<const float> a, std::span<const float> b,
              std::span<float> out) {
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = a[k] * b[k];
}

void ExpLess(std::span<const float> x, float shift, std::span<float> out) {
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = Exp(x[k] - shift);
}

std::size_t FirstNonFinite(std::span<const float> x) {
  std::size_t k = 0;
  while (k < x.size() && std::isfinite(x[k])) ++k;
  return k;
}

}  // namespace pellucid::kernels::reference
