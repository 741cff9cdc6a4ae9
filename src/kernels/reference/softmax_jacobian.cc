#include "kernels/reference/softmax_jacobian.h"

#include <cstddef>

#include "kernels/reference/linear.h"

namespace pellucid::kernels::reference {

void MultiplyBySoftmaxJacobian(std::span<const float> p, std::span<float> v) {
  const float sum = Dot(p, v);
  for (std::size_t k = 0; k < p.size(); ++k) v[k] = p[k] * (v[k] - sum);
}

void MultiplyByCapSlope(float cap, std::span<const float> y,
                        std::span<float> v) {
  for (std::size_t k = 0; k < y.size(); ++k) {
    const float share = y[k] / cap;
    v[k] = y[k] >= -cap ? (1.0f - share * share) * v[k] : 0.0f;
  }
}

}  // namespace pellucid::kernels::reference
