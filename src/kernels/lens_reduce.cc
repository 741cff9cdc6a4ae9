// The rows' maxima, then exponentials and partial sums, then the folds, each
// step for a group of rows so that their latencies overlap. The exponentials
// of the final row come first and serve all rows of the tile.
#include "kernels/lens_reduce.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "kernels/canonical.h"
#include "kernels/isa.h"
#include "kernels/lens_row.h"
#include "kernels/math.h"
#include "kernels/reference/lens_reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/lens_reduce.cc"  // this file, from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"
#include "kernels/fold-inl.h"
#include "kernels/lens_row-inl.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = LensFloats;
using Vec = LensVec;
constexpr std::size_t kLanes = kLensLanes;

void MaxOfRows(ConstMatrixView z, LensRowMax* out) {
  const Floats d;
  for (std::size_t r = 0; r < z.rows; ++r) {
    const LensExtremes extremes = ExtremesOf(z.Row(r));
    const Vec max = hn::MaxOfLanes(d, extremes.max);
    out[r] = {hn::GetLane(max), hn::GetLane(ExpExponent(d, max)),
              ArePlain(extremes.size)};
  }
}

// Of any rows, by a LensScale in registers.
struct AnyTerms {
  explicit AnyTerms(const LensScale& scale)
      : shift(hn::Set(Floats(), scale.shift)),
        relative_to(hn::Set(Floats(), scale.relative_to)) {}

  HWY_INLINE Vec Exp(const Vec logits) const {
    const Floats d;
    const Vec least = hn::Set(d, kLeastLensExponent);
    const Vec x = hn::Sub(logits, shift);
    // hn::Max might lose a NaN.
    return ExpRelative(d, hn::IfThenElse(hn::Lt(x, least), least, x),
                       relative_to);
  }
  // An e of 0 takes no part: its z may be infinite.
  HWY_INLINE Vec Add(const Vec e, const Vec above, const Vec sum) const {
    const Vec zero = hn::Zero(Floats());
    const Vec taken = hn::IfThenElseZero(hn::Gt(e, zero), above);
    return hn::MulAdd(e, taken, sum);
  }

  Vec shift, relative_to;
};

void ExpOfRow(const float* z, const LensScale& scale, float* e) {
  const Floats d;
  const AnyTerms terms(scale);
  for (std::size_t i = 0; i < kVocabBlock; i += kLanes) {
    hn::StoreU(terms.Exp(hn::LoadU(d, z + i)), d, e + i);
  }
}

void SumRows(ConstMatrixView z, const LensScale* scales, const float* final_e,
             LensRowSums* sums) {
  const Floats d;
  LensPartials partials[kLensGroup];
  for (std::size_t r = 0; r < z.rows; ++r) {
    const Vec origin = hn::Set(d, scales[r].origin);
    if (scales[r].plain) {
      const PlainTerms terms{hn::Set(d, scales[r].relative_to)};
      SumPartials(z.Row(r), final_e, origin, terms, partials[r]);
    } else {
      const AnyTerms terms(scales[r]);
      SumPartials(z.Row(r), final_e, origin, terms, partials[r]);
    }
  }
  for (std::size_t r = 0; r < z.rows; ++r) {
    alignas(16) float folded[4];
    hn::Store(FoldFour(partials[r].sums[0]), Quad(), folded);
    sums[r] = {folded[0], folded[1], folded[2]};
  }
}

std::uint64_t MaskAbove(const float* logits, std::size_t count, float value) {
  const Floats d;
  const Vec limit = hn::Set(d, value);
  std::uint64_t mask = 0;
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    std::uint8_t bits[8] = {};  // of which kLanes are stored
    hn::StoreMaskBits(d, hn::Gt(hn::LoadU(d, logits + i), limit), bits);
    mask |= (std::uint64_t{bits[0]} | std::uint64_t{bits[1]} << 8) << i;
  }
  for (; i < count; ++i) mask |= std::uint64_t{logits[i] > value ? 1u : 0} << i;
  return mask;
}

std::size_t CountAbove(const float* logits, std::size_t count, float value) {
  const Floats d;
  const Vec limit = hn::Set(d, value);
  std::size_t above = 0, i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    above += hn::CountTrue(d, hn::Gt(hn::LoadU(d, logits + i), limit));
  }
  for (; i < count; ++i) above += logits[i] > value ? 1 : 0;
  return above;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {
namespace {

HWY_EXPORT(MaxOfRows);
HWY_EXPORT(ExpOfRow);
HWY_EXPORT(SumRows);
HWY_EXPORT(MaskAbove);
HWY_EXPORT(CountAbove);

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2 = 0x1.62e42fefa39efp-1;
constexpr double kLog2E = 0x1.71547652b82fep+0;

// The scale of a row with that maximum. A row that has no sums, for NaN, +inf
// or nothing but -inf, goes by the scale of 0.
LensScale ScaleOf(const LensRowMax& row) {
  const float max = row.max;
  LensScale scale;
  if (!std::isfinite(max)) {
    scale.exponent = LensSums::kNoExponent;
    return scale;
  }
  scale.origin = max;
  scale.plain = row.plain;
  if (std::abs(max) <= kMaxPlainLogit) {
    scale.relative_to = row.exponent;
    scale.exponent = scale.relative_to;
    return scale;
  }
  scale.shift = max;
  scale.exponent = std::nearbyint(max * kLog2E);
  // Beyond 2^40 float64 does not hold the remainder either.
  const double rest = std::fma(-scale.exponent, kLn2, double{max});
  scale.correction = Exp64(std::clamp(rest, -kLn2, kLn2));
  return scale;
}

// The loops in force.
struct RowLoops {
  decltype(&reference::MaxOfRows) max;
  decltype(&reference::ExpOfRow) exp;
  decltype(&reference::SumRows) sum;
};

RowLoops LoopsInForce() {
  if (UsesReference()) {
    return {reference::MaxOfRows, reference::ExpOfRow, reference::SumRows};
  }
  return {HWY_DYNAMIC_DISPATCH(MaxOfRows), HWY_DYNAMIC_DISPATCH(ExpOfRow),
          HWY_DYNAMIC_DISPATCH(SumRows)};
}

LensRowMax MaxOf(const RowLoops& loops, ConstMatrixView row) {
  LensRowMax max;
  loops.max(row, &max);
  return max;
}

// The final row of a tile, as all its rows need it.
struct FinalRow {
  FinalRow(const RowLoops& loops, ConstMatrixView row)
      : scale(ScaleOf(MaxOf(loops, row))) {
    loops.exp(row.data, scale, e);
    LensRowSums sums;
    loops.sum(row, &scale, e, &sums);
    sum_exp = sums.exp;
  }
  LensScale scale;
  alignas(64) float e[kVocabBlock];
  double sum_exp;  // times 2^exponent correction
};

LensBlock UndefinedBlock(std::span<const float> z) {
  const bool has_nan =
      std::any_of(z.begin(), z.end(), [](float v) { return std::isnan(v); });
  LensBlock block;
  block.max = has_nan ? std::numeric_limits<float>::quiet_NaN() : kInfinity;
  block.sums.sum_exp = block.sums.sum_exp_z = block.sums.sum_final_z = kNan;
  return block;
}

// Products of two float32 are exact in float64.
LensBlock BlockOf(float max, const LensScale& scale, const LensRowSums& sums,
                  const FinalRow& final_row) {
  const double origin = scale.origin;
  LensBlock block;
  block.max = max + 0.0f;  // -0 and 0 are one maximum
  block.sums.exponent = scale.exponent;
  block.sums.sum_exp = sums.exp * scale.correction;
  block.sums.sum_exp_z = (sums.exp_z + origin * sums.exp) * scale.correction;
  block.sums.final_exponent = final_row.scale.exponent;
  block.sums.sum_final_z =
      (sums.final_z + origin * final_row.sum_exp) * final_row.scale.correction;
  return block;
}

// z [at most kLensGroup, kVocabBlock].
void ReduceRows(const RowLoops& loops, ConstMatrixView z,
                const FinalRow& final_row, LensBlock* blocks) {
  LensRowMax max[kLensGroup];
  LensScale scales[kLensGroup];
  LensRowSums sums[kLensGroup];
  loops.max(z, max);
  for (std::size_t r = 0; r < z.rows; ++r) scales[r] = ScaleOf(max[r]);
  loops.sum(z, scales, final_row.e, sums);
  for (std::size_t r = 0; r < z.rows; ++r) {
    const bool defined = max[r].max < kInfinity && !std::isnan(sums[r].exp);
    blocks[r] = defined ? BlockOf(max[r].max, scales[r], sums[r], final_row)
                        : UndefinedBlock(z.RowSpan(r));
  }
}

// Rows of fewer logits, made whole.
struct PaddedRows {
  explicit PaddedRows(ConstMatrixView rows)
      : view(values, rows.rows, kVocabBlock) {
    std::fill_n(values, rows.rows * kVocabBlock, -kInfinity);
    for (std::size_t r = 0; r < rows.rows; ++r) {
      std::memcpy(view.Row(r), rows.Row(r), rows.cols * sizeof(float));
    }
  }
  alignas(64) float values[kLensGroup * kVocabBlock];
  MatrixView view;
};

// 2^exponent for integers from -1022 to 0; what is less counts as -1022, which
// leaves nothing of a sum but infinities.
double PowerOfTwo(double exponent) {
  constexpr std::int64_t kBias = 1023;
  const auto clamped = static_cast<std::int64_t>(std::max(exponent, -1022.0));
  return std::bit_cast<double>((kBias + clamped) << 52);
}

// The factors that bring two sums to the greater of their exponents.
struct Alignment {
  double exponent, first, second;
  Alignment(double a, double b)
      : exponent(std::max(a, b)),
        first(PowerOfTwo(a - exponent)),
        second(PowerOfTwo(b - exponent)) {}
};

}  // namespace

void LensSums::Fold(const LensSums& next) {
  const Alignment own(exponent, next.exponent);
  exponent = own.exponent;
  sum_exp = sum_exp * own.first + next.sum_exp * own.second;
  sum_exp_z = sum_exp_z * own.first + next.sum_exp_z * own.second;
  const Alignment of_final(final_exponent, next.final_exponent);
  final_exponent = of_final.exponent;
  sum_final_z =
      sum_final_z * of_final.first + next.sum_final_z * of_final.second;
}

void LensSums::AddToken(double times, double logit) {
  const double e = times * Exp64(logit - exponent * kLn2);
  sum_exp += e;
  sum_exp_z += e * logit;
}

void LensSums::Shift(double by) {
  const double factor = Exp64(by);
  sum_exp_z = factor * (sum_exp_z + by * sum_exp);
  sum_exp *= factor;
}

LensStatistics StatisticsOf(const LensSums& cell, const LensSums& final_row,
                            bool is_final) {
  const auto log_of = [](const LensSums& sums) {
    return Log64(sums.sum_exp) + sums.exponent * kLn2;
  };
  const auto at_least_0 = [](double x) { return x < 0 ? 0.0 : x; };  // not NaN
  if (!(cell.sum_exp > 0)) return {kNan, kNan, kNan};
  LensStatistics out;
  out.logz = log_of(cell);
  out.entropy = at_least_0(out.logz - cell.sum_exp_z / cell.sum_exp);
  if (is_final) return out;
  if (!(final_row.sum_exp > 0)) return {out.logz, out.entropy, kNan};
  // Means of ln p_F and ln p under p_F; both sums are relative to the final
  // row's exponent, which went through the same folds.
  const double own = final_row.sum_exp_z / final_row.sum_exp;
  const double other = cell.sum_final_z / final_row.sum_exp;
  const double kl = (own - log_of(final_row)) - (other - out.logz);
  out.kl_to_final = at_least_0(kl);
  return out;
}

void ReduceLensBlock(ConstMatrixView logits, std::span<LensBlock> blocks) {
  assert(logits.rows > 0 && blocks.size() == logits.rows);
  assert(logits.cols > 0 && logits.cols <= kVocabBlock);
  const RowLoops loops = LoopsInForce();
  const bool whole = logits.cols == kVocabBlock;
  const ConstMatrixView last = logits.Rows(logits.rows - 1, 1);
  const FinalRow final_row(
      loops, whole ? last : ConstMatrixView(PaddedRows(last).view));
  for (std::size_t r = 0; r < logits.rows; r += kLensGroup) {
    const std::size_t count = std::min(kLensGroup, logits.rows - r);
    const ConstMatrixView rows = logits.Rows(r, count);
    if (whole) {
      ReduceRows(loops, rows, final_row, &blocks[r]);
    } else {
      ReduceRows(loops, PaddedRows(rows).view, final_row, &blocks[r]);
    }
  }
}

std::uint64_t GreaterMask(std::span<const float> logits, float value) {
  assert(logits.size() <= kVocabBlock);
  if (UsesReference()) return reference::GreaterMask(logits, value);
  return HWY_DYNAMIC_DISPATCH(MaskAbove)(logits.data(), logits.size(), value);
}

std::size_t CountGreater(std::span<const float> logits, float value) {
  if (UsesReference()) return reference::CountGreater(logits, value);
  return HWY_DYNAMIC_DISPATCH(CountAbove)(logits.data(), logits.size(), value);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
