// All but broken models have plain logits (LensRowMax). Their sums stay in
// registers of many cells from the fold of partials on.
#include "kernels/lens_tally.h"

#include <algorithm>
#include <cassert>

#include "kernels/canonical.h"
#include "kernels/isa.h"
#include "kernels/lens_row.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/lens_tally.cc"  // this file, from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"
#include "kernels/fold-inl.h"
#include "kernels/lens_row-inl.h"
#include "kernels/math-inl.h"

#ifndef PELLUCID_KERNELS_LENS_TALLY_ROWS_
#define PELLUCID_KERNELS_LENS_TALLY_ROWS_
namespace pellucid::kernels {
namespace {

// Where the sums of some cells, one after another, lie.
struct TallyRows {
  double *exponent, *sum_exp, *sum_exp_z, *final_exponent, *sum_final_z;
};

}  // namespace
}  // namespace pellucid::kernels
#endif  // PELLUCID_KERNELS_LENS_TALLY_ROWS_

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::CappedTag<double, 8>;
using DoubleVec = hn::Vec<Doubles>;
using Halves = hn::Rebind<float, Doubles>;  // as many floats
constexpr std::size_t kDoubles = hn::MaxLanes(Doubles());
static_assert(kLensGroup % kDoubles == 0 && kLensGroup % kLensLanes == 0);

// The same of each row of a group.
struct alignas(64) GroupFloats {
  float at[kLensGroup];

  DoubleVec Promoted(std::size_t row) const {
    return hn::PromoteTo(Doubles(), hn::Load(Halves(), at + row));
  }
};

// Of the rows z [at most kLensGroup, kVocabBlock]: what they share by the steps
// of ReduceLensBlock.
struct GroupSums {
  GroupFloats origin, exponent, exp, exp_z, final_z;
};

// The greatest logit of each row of a group, or false: some are not plain.
bool MaxOfGroup(ConstMatrixView z, float* greatest) {
  alignas(64) float lanes[kLensGroup][kPartials];
  LensSizeVec size = hn::Zero(LensSizes());
  for (std::size_t r = 0; r < z.rows; ++r) {
    const LensExtremes extremes = ExtremesOf(z.Row(r));
    size = hn::Max(size, extremes.size);
    for (std::size_t i = 0; i < kPartials; i += kLensLanes) {
      hn::Store(extremes.max, LensFloats(), lanes[r] + i);
    }
  }
  const std::size_t whole = (z.rows + 3) / 4 * 4;
  for (std::size_t r = z.rows; r < whole; ++r) {
    std::fill_n(lanes[r], kPartials, 0.0f);
  }
  alignas(64) float max[kLensGroup];
  for (std::size_t r = 0; r < whole; r += 4) {
    hn::Store(MaxOfFour(lanes[r]), Quad(), max + r);
  }
  std::copy_n(max, z.rows, greatest);
  return ArePlain(size);
}

// ExpExponent of each.
void ExponentsOf(const GroupFloats& of, GroupFloats& exponents) {
  const LensFloats d;
  for (std::size_t i = 0; i < kLensGroup; i += kLensLanes) {
    hn::Store(ExpExponent(d, hn::Load(d, of.at + i)), d, exponents.at + i);
  }
}

void SumGroup(ConstMatrixView z, const float* final_e, GroupSums& sums) {
  const LensFloats d;
  LensPartials partials[kLensGroup];
  for (std::size_t r = 0; r < z.rows; ++r) {
    const PlainTerms terms{hn::Set(d, sums.exponent.at[r])};
    SumPartials(z.Row(r), final_e, hn::Set(d, sums.origin.at[r]), terms,
                partials[r]);
  }
  for (std::size_t r = 0; r < z.rows; ++r) {
    alignas(16) float folded[4];
    hn::Store(FoldFour(partials[r].sums[0]), Quad(), folded);
    sums.exp.at[r] = folded[0];
    sums.exp_z.at[r] = folded[1];
    sums.final_z.at[r] = folded[2];
  }
}

// 2^x of integers x from -1022 to 0; less counts as -1022.
HWY_INLINE DoubleVec PowerOfTwo(DoubleVec x) {
  const Doubles d;
  const hn::RebindToUnsigned<Doubles> bits;
  // Its low bits are x + 1023, the exponent's.
  const DoubleVec biased =
      hn::Add(hn::Max(x, hn::Set(d, -1022.0)), hn::Set(d, 0x1.8p52 + 1023.0));
  return hn::BitCast(d, hn::ShiftLeft<52>(hn::BitCast(bits, biased)));
}

// Sums of two ranges, brought to the greater of their exponents.
struct Fold {
  HWY_INLINE Fold(DoubleVec a, DoubleVec b)
      : exponent(hn::Max(a, b)),
        first(PowerOfTwo(hn::Sub(a, exponent))),
        second(PowerOfTwo(hn::Sub(b, exponent))) {}
  HWY_INLINE DoubleVec operator()(DoubleVec a, DoubleVec b) const {
    return hn::Add(hn::Mul(a, first), hn::Mul(b, second));
  }
  DoubleVec exponent, first, second;
};

// Adds a group's block to `rows` cells from `to` on. As LensSums::Fold.
void FoldGroup(const GroupSums& block, std::size_t rows, double final_exponent,
               double final_sum_exp, const TallyRows& to) {
  const Doubles d;
  for (std::size_t r = 0; r < rows; r += kDoubles) {
    const auto mask = hn::FirstN(d, std::min(kDoubles, rows - r));
    const auto load = [&](const double* from) HWY_ATTR {
      return hn::MaskedLoad(mask, d, from + r);
    };
    const auto store = [&](DoubleVec value, double* at) HWY_ATTR {
      hn::BlendedStore(value, mask, d, at + r);
    };
    const DoubleVec origin = block.origin.Promoted(r);
    const DoubleVec exp = block.exp.Promoted(r);
    const Fold own(load(to.exponent), block.exponent.Promoted(r));
    store(own.exponent, to.exponent);
    store(own(load(to.sum_exp), exp), to.sum_exp);
    // Products of two float32 are exact in float64.
    store(own(load(to.sum_exp_z),
              hn::Add(block.exp_z.Promoted(r), hn::Mul(origin, exp))),
          to.sum_exp_z);
    const Fold of_final(load(to.final_exponent), hn::Set(d, final_exponent));
    store(of_final.exponent, to.final_exponent);
    store(of_final(load(to.sum_final_z),
                   hn::Add(block.final_z.Promoted(r),
                           hn::Mul(origin, hn::Set(d, final_sum_exp)))),
          to.sum_final_z);
  }
}

// False: nothing is done, since some logits are not plain.
bool AddPlain(ConstMatrixView z, const TallyRows& to, float* greatest) {
  for (std::size_t r = 0; r < z.rows; r += kLensGroup) {
    const std::size_t rows = std::min(kLensGroup, z.rows - r);
    if (!MaxOfGroup(z.Rows(r, rows), greatest + r)) return false;
  }
  const LensFloats d;
  const ConstMatrixView last = z.Rows(z.rows - 1, 1);
  GroupSums sums = {};
  sums.origin.at[0] = greatest[z.rows - 1];
  ExponentsOf(sums.origin, sums.exponent);
  alignas(64) float final_e[kVocabBlock];
  const PlainTerms terms{hn::Set(d, sums.exponent.at[0])};
  for (std::size_t i = 0; i < kVocabBlock; i += kLensLanes) {
    hn::Store(terms.Exp(hn::LoadU(d, last.data + i)), d, final_e + i);
  }
  SumGroup(last, final_e, sums);
  const double final_exponent = sums.exponent.at[0];
  const double final_sum_exp = sums.exp.at[0];
  for (std::size_t r = 0; r < z.rows; r += kLensGroup) {
    const std::size_t rows = std::min(kLensGroup, z.rows - r);
    std::copy_n(greatest + r, rows, sums.origin.at);
    ExponentsOf(sums.origin, sums.exponent);
    SumGroup(z.Rows(r, rows), final_e, sums);
    FoldGroup(sums, rows, final_exponent, final_sum_exp,
              {to.exponent + r, to.sum_exp + r, to.sum_exp_z + r,
               to.final_exponent + r, to.sum_final_z + r});
  }
  for (std::size_t r = 0; r < z.rows; ++r) {
    greatest[r] += 0.0f;  // -0 and 0 are one maximum
  }
  return true;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(AddPlain);

LensTally::LensTally(std::size_t cells)
    : exponent_(cells, LensSums::kNoExponent),
      sum_exp_(cells),
      sum_exp_z_(cells),
      final_exponent_(cells, LensSums::kNoExponent),
      sum_final_z_(cells) {}

void LensTally::Add(ConstMatrixView logits, std::size_t first,
                    std::span<float> greatest) {
  assert(logits.rows > 0 && greatest.size() == logits.rows);
  assert(first + logits.rows <= exponent_.size());
  const TallyRows rows = {&exponent_[first], &sum_exp_[first],
                          &sum_exp_z_[first], &final_exponent_[first],
                          &sum_final_z_[first]};
  if (!UsesReference() && logits.cols == kVocabBlock &&
      HWY_DYNAMIC_DISPATCH(AddPlain)(logits, rows, greatest.data())) {
    return;
  }
  std::vector<LensBlock> blocks(logits.rows);
  ReduceLensBlock(logits, blocks);
  for (std::size_t r = 0; r < logits.rows; ++r) {
    LensSums sums = SumsOf(first + r);
    sums.Fold(blocks[r].sums);
    Set(first + r, sums);
    greatest[r] = blocks[r].max;
  }
}

LensSums LensTally::SumsOf(std::size_t cell) const {
  return {exponent_[cell], sum_exp_[cell], sum_exp_z_[cell],
          final_exponent_[cell], sum_final_z_[cell]};
}

void LensTally::Set(std::size_t cell, const LensSums& sums) {
  exponent_[cell] = sums.exponent;
  sum_exp_[cell] = sums.sum_exp;
  sum_exp_z_[cell] = sums.sum_exp_z;
  final_exponent_[cell] = sums.final_exponent;
  sum_final_z_[cell] = sums.sum_final_z;
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
