// The plain loops that kernels/elementwise.h is judged by.
// They are also what PELLUCID_ISA=reference runs.
#ifndef PELLUCID_KERNELS_REFERENCE_ELEMENTWISE_H_
#define PELLUCID_KERNELS_REFERENCE_ELEMENTWISE_H_

#include <cstddef>
#include <span>

namespace pellucid::kernels::reference {

// As the functions of these names in pellucid::kernels.
void Add(std::span<const float> a, std::span<const float> b,
         std::span<float> out);
void Multiply(std::span<const float> a, std::span<const float> b,
              std::span<float> out);
void ExpLess(std::span<const float> x, float shift, std::span<float> out);
std::size_t FirstNonFinite(std::span<const float> x);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_ELEMENTWISE_H_
