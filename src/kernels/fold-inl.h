// FoldPartials (kernels/canonical.h) of four sums at once, and in the same
// steps the greatest of each, for inclusion by kernel sources after
// hwy/highway.h.
//
// Include guard toggled by Highway's multiple inclusion, hence this form.
#if defined(PELLUCID_KERNELS_FOLD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PELLUCID_KERNELS_FOLD_INL_H_
#undef PELLUCID_KERNELS_FOLD_INL_H_
#else
#define PELLUCID_KERNELS_FOLD_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"
#include "kernels/canonical.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {

using Quad = hwy::HWY_NAMESPACE::CappedTag<float, 4>;
using QuadVec = hwy::HWY_NAMESPACE::Vec<Quad>;

// What makes one of two partials.
struct AddTwo {
  template <class V>
  HWY_INLINE V operator()(const V a, const V b) const {
    return hwy::HWY_NAMESPACE::Add(a, b);
  }
};
struct MaxOfTwo {
  template <class V>
  HWY_INLINE V operator()(const V a, const V b) const {
    return hwy::HWY_NAMESPACE::Max(a, b);
  }
};

// Of each group of four partials in a and b, the upper two onto the lower two;
// groups of a and b alternate in the result.
template <class Join, class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V FoldPairs(const Join join, const D d, const V a, const V b) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::Repartition<double, D> pairs;  // moves two partials at a time
  const auto a2 = hn::BitCast(pairs, a), b2 = hn::BitCast(pairs, b);
  return join(hn::BitCast(d, hn::InterleaveLower(pairs, a2, b2)),
              hn::BitCast(d, hn::InterleaveUpper(pairs, a2, b2)));
}

// The last step, on two partials each of a and b in `ab`, of c and d in `cd`.
template <class Join>
HWY_INLINE QuadVec FoldLast(const Join join, const QuadVec ab,
                            const QuadVec cd) {
  namespace hn = hwy::HWY_NAMESPACE;
  return join(hn::ConcatEven(Quad(), cd, ab), hn::ConcatOdd(Quad(), cd, ab));
}

// `p` [4, kPartials], aligned to 64 bytes. D: the tag of 8 partials or, where
// a register has but 4 lanes, of 4. The first steps add halves of what lies in
// memory, so they need no shuffle.
template <class Join, class D>
HWY_INLINE QuadVec FoldFourAs(const Join join, const D d, const float* p) {
  namespace hn = hwy::HWY_NAMESPACE;
  hn::Vec<D> sum[4];
  for (std::size_t i = 0; i < 4; ++i, p += kPartials) {
    sum[i] = join(hn::Load(d, p), hn::Load(d, p + 8));
    if constexpr (hn::MaxLanes(D()) == 4) {
      sum[i] = join(sum[i], join(hn::Load(d, p + 4), hn::Load(d, p + 12)));
    }
  }
  if constexpr (hn::MaxLanes(D()) == 4) {
    return FoldLast(join, FoldPairs(join, d, sum[0], sum[1]),
                    FoldPairs(join, d, sum[2], sum[3]));
  } else {
    const auto ac = join(hn::ConcatLowerLower(d, sum[2], sum[0]),
                         hn::ConcatUpperUpper(d, sum[2], sum[0]));
    const auto bd = join(hn::ConcatLowerLower(d, sum[3], sum[1]),
                         hn::ConcatUpperUpper(d, sum[3], sum[1]));
    const auto abcd = FoldPairs(join, d, ac, bd);
    return FoldLast(join, hn::LowerHalf(Quad(), abcd),
                    hn::UpperHalf(Quad(), abcd));
  }
}

HWY_INLINE QuadVec FoldFour(const float* p) {
  return FoldFourAs(AddTwo(), hwy::HWY_NAMESPACE::CappedTag<float, 8>(), p);
}

// The greatest of each four sums' partials.
HWY_INLINE QuadVec MaxOfFour(const float* p) {
  return FoldFourAs(MaxOfTwo(), hwy::HWY_NAMESPACE::CappedTag<float, 8>(), p);
}

}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
