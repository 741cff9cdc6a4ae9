// What is done to each element by itself, and sums of rows. Any vector width
// gives the same bits. Outputs may be the inputs.
#ifndef PELLUCID_KERNELS_ELEMENTWISE_H_
#define PELLUCID_KERNELS_ELEMENTWISE_H_

#include <cstddef>
#include <span>

namespace pellucid::kernels {

// out = a + b.
void Add(std::span<const float> a, std::span<const float> b,
         std::span<float> out);
// out = a * b.
void Multiply(std::span<const float> a, std::span<const float> b,
              std::span<float> out);
// out = Exp(x - shift) (kernels/math.h).
void ExpLess(std::span<const float> x, float shift, std::span<float> out);

// Index of the first element that is not finite, or x.size().
std::size_t FirstNonFinite(std::span<const float> x);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_ELEMENTWISE_H_
