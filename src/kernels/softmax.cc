#include "kernels/softmax.h"

#include <algorithm>
#include <cstddef>

#include "kernels/canonical.h"
#include "kernels/math.h"

namespace pellucid::kernels {

void Softmax(std::span<float> x) {
  if (x.empty()) return;
  float max = x.front();
  for (const float one : x) max = std::max(max, one);
  float partial[kPartials] = {};
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = Exp(x[i] - max);
    partial[i % kPartials] += x[i];
  }
  const float sum = FoldPartials(partial);
  for (float& one : x) one /= sum;
}

float Sigmoid(float x) { return 1 / (1 + Exp(-x)); }

}  // namespace pellucid::kernels
