// The one order in which this project sums over features: 16 partial sums,
// partial j taking the terms k = j (mod 16) in rising k by fused multiply-add,
// then halves folded onto halves. Every instruction set and the plain
// reference follow it, so results are equal bit for bit (docs/numerics.md).
#ifndef PELLUCID_KERNELS_CANONICAL_H_
#define PELLUCID_KERNELS_CANONICAL_H_

#include <cstddef>

namespace pellucid::kernels {

inline constexpr std::size_t kPartials = 16;  // a number format, not a tuning

// Folds `partial` [kPartials] to one sum: j += j + 8, then 4, 2, 1.
inline float FoldPartials(float* partial) {
  for (std::size_t half = kPartials / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) partial[j] += partial[j + half];
  }
  return partial[0];
}

// Sums over the vocabulary go by blocks of this many rows in f32 (each block
// in the order above), folded in f64 by rising index within chunks, and chunks
// folded by rising index. Both belong to the number format.
inline constexpr std::size_t kVocabBlock = 64;
inline constexpr std::size_t kVocabChunk = 4096;

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_CANONICAL_H_
