// Rotary position embedding (Su et al. 2021) of the first r features of a head,
// by a table of cosines and sines that serves all heads.
#ifndef PELLUCID_KERNELS_ROPE_H_
#define PELLUCID_KERNELS_ROPE_H_

#include <cstddef>
#include <span>
#include <vector>

#include "base/matrix.h"

namespace pellucid::kernels {

// Which features are rotated together, for i < r/2.
enum class RopePairs {
  kHalves,    // x[i], x[i + r/2]: Hugging Face's Llama
  kAdjacent,  // x[2i], x[2i + 1]: the paper, GPT-J
};

// 1 / base^(2i/r) for i < r/2, computed as PyTorch does in float32: the
// exponent 2i/r, the power and the reciprocal each rounded to float32.
std::vector<float> InverseFrequencies(double base, std::size_t rotary_dims);

// cos and sin of f32(position) * inv_freq[i] (a float32 product), each rounded
// once to float32, then times `scale`: [rows, r/2].
struct RopeTable {
  std::size_t half = 0;  // r/2
  RopePairs pairs = RopePairs::kHalves;
  float scale = 1;
  std::vector<float> cos, sin;

  // Rows for positions 0, 1, ...
  static RopeTable Make(std::span<const float> inv_freq, std::size_t positions);
  // `count` more rows, for positions first, first + 1, ... The frequencies are
  // the same each time.
  void Append(std::span<const float> inv_freq, std::size_t first,
              std::size_t count);
};

// Rotates, in place, x [tokens, heads * head_dim], row t by row first_row + t
// of the table: (a, b) -> (a c - b s, b c + a s), each as one rounded
// product and one fused multiply-add: fma(a, c, -(b s)), fma(b, c, a s).
// Dimensions of a head at and beyond r pass through.
void ApplyRope(const RopeTable& table, std::size_t first_row,
               std::size_t head_dim, MatrixView x);

// The adjoint: rotates back, the sines negated; with a table whose scale is not
// 1 that undoes ApplyRope but for the scale's square. Cotangents of a rotated
// x become those of x.
void ApplyRopeAdjoint(const RopeTable& table, std::size_t first_row,
                      std::size_t head_dim, MatrixView x);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_ROPE_H_
