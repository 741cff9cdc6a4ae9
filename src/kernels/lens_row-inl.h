// Steps of the lens reduction on a row of kVocabBlock logits, for inclusion by
// kernel sources after hwy/highway.h.
//
// Include guard toggled by Highway's multiple inclusion, hence this form.
#if defined(PELLUCID_KERNELS_LENS_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PELLUCID_KERNELS_LENS_ROW_INL_H_
#undef PELLUCID_KERNELS_LENS_ROW_INL_H_
#else
#define PELLUCID_KERNELS_LENS_ROW_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"
#include "kernels/canonical.h"
#include "kernels/lens_row.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {

using LensFloats = hwy::HWY_NAMESPACE::CappedTag<float, kPartials>;
using LensVec = hwy::HWY_NAMESPACE::Vec<LensFloats>;
using LensSizes = hwy::HWY_NAMESPACE::RebindToSigned<LensFloats>;
using LensSizeVec = hwy::HWY_NAMESPACE::Vec<LensSizes>;
inline constexpr std::size_t kLensLanes =
    hwy::HWY_NAMESPACE::MaxLanes(LensFloats());

// Magnitudes in the order of their bits, in which NaN is greater than all.
HWY_INLINE LensSizeVec SizeOf(const LensVec z) {
  namespace hn = hwy::HWY_NAMESPACE;
  return hn::BitCast(LensSizes(), hn::Abs(z));
}

// Whether none is that of a NaN or greater than kMaxPlainLogit.
HWY_INLINE bool ArePlain(const LensSizeVec sizes) {
  namespace hn = hwy::HWY_NAMESPACE;
  const LensSizeVec limit = SizeOf(hn::Set(LensFloats(), kMaxPlainLogit));
  return hn::AllFalse(LensSizes(), hn::Gt(sizes, limit));
}

// The greatest of each lane of a row, and by size.
struct LensExtremes {
  LensVec max;
  LensSizeVec size;
};

HWY_INLINE LensExtremes ExtremesOf(const float* z) {
  namespace hn = hwy::HWY_NAMESPACE;
  const LensFloats d;
  const LensVec first = hn::LoadU(d, z);
  LensExtremes out{first, SizeOf(first)};
  for (std::size_t i = kLensLanes; i < kVocabBlock; i += kLensLanes) {
    const LensVec logits = hn::LoadU(d, z + i);
    out.max = hn::Max(out.max, logits);
    out.size = hn::Max(out.size, SizeOf(logits));
  }
  return out;
}

// Partials of a row's sums (LensRowSums); a fourth sum makes up the number that
// folds at once.
struct LensPartials {
  alignas(64) float sums[4][kPartials];
};

// Of a row z: `terms.Exp(logits)` are its exponentials, `terms.Add(e, above,
// sum)` adds their products with z - origin.
template <class Terms>
HWY_INLINE void SumPartials(const float* z, const float* final_e,
                            const LensVec origin, const Terms& terms,
                            LensPartials& out) {
  namespace hn = hwy::HWY_NAMESPACE;
  const LensFloats d;
  for (std::size_t part = 0; part < kPartials; part += kLensLanes) {
    LensVec exp = hn::Zero(d), exp_z = exp, final_z = exp;
    for (std::size_t i = part; i < kVocabBlock; i += kPartials) {
      const LensVec logits = hn::LoadU(d, z + i);
      const LensVec above = hn::Sub(logits, origin);
      const LensVec e = terms.Exp(logits);
      exp = hn::Add(exp, e);
      exp_z = terms.Add(e, above, exp_z);
      final_z = terms.Add(hn::LoadU(d, final_e + i), above, final_z);
    }
    hn::Store(exp, d, out.sums[0] + part);
    hn::Store(exp_z, d, out.sums[1] + part);
    hn::Store(final_z, d, out.sums[2] + part);
    hn::Store(hn::Zero(d), d, out.sums[3] + part);
  }
}

// Of rows whose logits are plain (LensRowMax), relative to the power of two
// near the greatest: none is too small, too great or infinite and so may spoil
// its sums.
struct PlainTerms {
  LensVec relative_to;

  HWY_INLINE LensVec Exp(const LensVec logits) const {
    return ExpRelativeInRange(LensFloats(), logits, relative_to);
  }
  HWY_INLINE LensVec Add(const LensVec e, const LensVec above,
                         const LensVec sum) const {
    return hwy::HWY_NAMESPACE::MulAdd(e, above, sum);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
