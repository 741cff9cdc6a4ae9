// Loops and operands that compilers are to keep in registers, for inclusion by
// kernel sources after hwy/highway.h.
//
// Include guard toggled by Highway's multiple inclusion, hence this form.
#if defined(PELLUCID_KERNELS_UNROLL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PELLUCID_KERNELS_UNROLL_INL_H_
#undef PELLUCID_KERNELS_UNROLL_INL_H_
#else
#define PELLUCID_KERNELS_UNROLL_INL_H_
#endif

#include <cstddef>
#include <type_traits>
#include <utility>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {

// Keeps `v` in a register: compilers would rather load it again from memory
// with each multiply-add, and loads then bound the loop (AVX-512: 73% of the
// peak instead of 90%).
template <class V>
HWY_INLINE V InRegister(V v) {
#if HWY_ARCH_X86
  asm("" : "+v"(v.raw));
#elif HWY_ARCH_ARM_A64
  asm("" : "+w"(v.raw));
#endif
  return v;
}

// Calls body(i) for each i < kCount, i a constant: loops that compilers unroll
// late leave arrays of vectors in memory.
template <std::size_t... kIndex, class Body>
HWY_INLINE void UnrollOver(std::index_sequence<kIndex...>, const Body& body) {
  (body(std::integral_constant<std::size_t, kIndex>()), ...);
}
template <std::size_t kCount, class Body>
HWY_INLINE void Unroll(const Body& body) {
  UnrollOver(std::make_index_sequence<kCount>(), body);
}

}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
