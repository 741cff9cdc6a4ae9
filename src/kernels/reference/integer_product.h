// The plain loops that kernels/integer_product.h is judged by, and that run
// where there are no tile registers. They define the bits.
#ifndef PELLUCID_KERNELS_REFERENCE_INTEGER_PRODUCT_H_
#define PELLUCID_KERNELS_REFERENCE_INTEGER_PRODUCT_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/matrix.h"
#include "kernels/integer_layout.h"

namespace pellucid::kernels::reference {

// Moves the kOutliers greatest terms of `row` (of equal ones the first) to
// `to`, and leaves 0 in their places; none of a row with a number that is not
// finite.
void TakeOutliers(std::span<float> row, Outlier* to);

// Writes the integers of `row` as row r of the group of activations `to`;
// returns the scale: max |row| / kMaxInteger, NaN where a number is not finite
// and 0 where all are too small to be told apart (their integers are 0 then).
float Quantise(std::span<const float> row, std::size_t r, std::int8_t* to);

// All dots of the quantised rows of x with those of w, both of length k: out
// [M, N] = (x's scale * (65536 high + 256 mixed + low) + outliers) * w's scale,
// with the sums of products of high bytes, of high by low and low by high, and
// of low bytes, exact as integers, each rounded to float32 once; outliers: of
// each, the value times w's integer. Added by fused multiply-adds from the
// right, outliers last.
void Multiply(IntegerOperand x, IntegerOperand w, std::size_t k,
              MatrixView out);

}  // namespace pellucid::kernels::reference

#endif  // PELLUCID_KERNELS_REFERENCE_INTEGER_PRODUCT_H_
