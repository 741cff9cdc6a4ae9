// What the vector and the plain form of the lens reduction share: the scales
// of rows of kVocabBlock logits and their three sums (fewer logits are padded
// with -inf, which adds nothing). Private to kernels/lens_reduce.
#ifndef PELLUCID_KERNELS_LENS_ROW_H_
#define PELLUCID_KERNELS_LENS_ROW_H_

#include <cstddef>

#include "kernels/canonical.h"

namespace pellucid::kernels {

// Rows are worked on this many at a time, step by step: one row's steps wait
// for each other.
inline constexpr std::size_t kLensGroup = 16;

// Up to this size float32 tells the exponent of exp(z) exactly enough; above,
// exponentials are relative to exp(max) itself and the rest is done in float64.
inline constexpr float kMaxPlainLogit = 0x1p20f;

// The greatest of a row without NaN, and ExpExponent of it where that holds.
struct LensRowMax {
  float max = 0;
  float exponent = 0;
  bool plain = false;  // no logit is NaN or greater than kMaxPlainLogit in size
};

// How the exponentials of a row are held in float32: exp(z) = e 2^exponent
// correction, e = ExpRelative(z - shift, relative_to).
struct LensScale {
  float origin = 0;  // what is subtracted from z in sums of exp(z) z
  float shift = 0;
  float relative_to = 0;
  bool plain = false;  // LensRowMax::plain: shift is 0, no term needs care
  double exponent = 0;
  double correction = 1;
};

// Arguments of ExpRelative are not less than this, where e is 0 anyway.
inline constexpr float kLeastLensExponent = -0x1p21f;

// Canonical sums (16 partials by index, then FoldPartials), f32.
struct LensRowSums {
  float exp = 0;      // of e
  float exp_z = 0;    // of e (z - origin)
  float final_z = 0;  // of final_e (z - origin)
};

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_LENS_ROW_H_
