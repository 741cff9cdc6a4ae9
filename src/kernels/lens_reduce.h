// Reduces logits to the statistics of a lens while they are in cache: for one
// cell (row of the lens at one position) and one block of vocabulary rows at a
// time, then over blocks and chunks (kernels/canonical.h).
//
// With z the logits of the cell and F those of the final row at the same
// position:
//   Z = ln sum exp(z), entropy = Z - sum p z, KL(F||row) = sum p_F (ln p_F -
//   ln p).
// A block keeps, relative to its own maximum m and to a power of two 2^e near
// exp(m): sum exp(z) / 2^e, sum exp(z) (z - m) / 2^e and sum exp(z_F) (z - m) /
// 2^e_F, in f32 and 16 partials by index. Being powers of two, these scales
// make the fold in f64 exact but for its additions, so that it needs no exp.
//
// Errors against f64, logits of size 30 and 10^5 rows: below 2e-5 nats. A
// logit of -inf has exp 0 and adds nothing to its own row's sums; where the
// final row gives it weight, KL is +inf. NaN or +inf: the row's sums are NaN.
#ifndef PELLUCID_KERNELS_LENS_REDUCE_H_
#define PELLUCID_KERNELS_LENS_REDUCE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/matrix.h"

namespace pellucid::kernels {

// Sums over a range of the vocabulary: sum of exp(z) is sum_exp * 2^exponent,
// and so on. As made, the sums over nothing.
struct LensSums {
  // Less than that of any block. Exponents are integers; as doubles they hold
  // those of all finite logits.
  static constexpr double kNoExponent = -1e300;

  double exponent = kNoExponent;  // of sum_exp and sum_exp_z
  double sum_exp = 0;             // sum of exp(z)
  double sum_exp_z = 0;           // sum of exp(z) z
  double final_exponent = kNoExponent;
  double sum_final_z = 0;  // sum of exp(z_F) z

  // Adds the sums of the range that follows this one.
  void Fold(const LensSums& next);
  // Adds `times` what one token of this logit gives to sum_exp and sum_exp_z:
  // -1 takes it out.
  void AddToken(double times, double logit);
  // As if each logit in sum_exp and sum_exp_z were greater by `by`.
  void Shift(double by);
};

struct LensStatistics {
  double logz = 0;         // nats
  double entropy = 0;      // nats, clamped at 0
  double kl_to_final = 0;  // nats, clamped at 0
};

// From the sums over the whole vocabulary of a cell and of the final row's
// cell at the same position. The final row itself gives exactly 0.
LensStatistics StatisticsOf(const LensSums& cell, const LensSums& final_row,
                            bool is_final);

// What one block of logits of one cell gives.
struct LensBlock {
  float max = 0;  // NaN where a logit is
  LensSums sums;
};

// Works on a tile of logits [rows, count], count <= kVocabBlock, whose last
// row is the final row of the position that all rows share: blocks[r] for each
// row. Costs about as much a row as dots of length 64 do.
void ReduceLensBlock(ConstMatrixView logits, std::span<LensBlock> blocks);

// Bit i: whether logits[i] is strictly greater than `value`; NaN is neither
// greater nor less. At most kVocabBlock logits.
std::uint64_t GreaterMask(std::span<const float> logits, float value);

// How many of them are.
std::size_t CountGreater(std::span<const float> logits, float value);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_LENS_REDUCE_H_
