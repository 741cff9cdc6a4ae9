// What the plain and the vector form of Erf share (math.cc, math-inl.h), which
// agree bit for bit because they do the same operations on these numbers.
//
// Method: for |x| < 1, erf(x) = x + x p(x^2); above, 1 - exp(-q(|x|)), where an
// error of q counts by erfc / erf only, 0.19 and falling. p and q, both of
// degree 6, are fitted here by Lawson's iteration for the least maximal
// relative error of erf, coefficient after coefficient rounded to float32:
// 1.4e-9 and 1.1e-9, a fortieth of half an ULP.
#ifndef PELLUCID_KERNELS_ERF_CONSTANTS_H_
#define PELLUCID_KERNELS_ERF_CONSTANTS_H_

namespace pellucid::kernels::erf_constants {

// Of p, from the constant up.
inline constexpr float kNear[] = {
    0x1.06eba8p-3f, -0x1.81273ep-2f,  0x1.ce2ce6p-4f, -0x1.b7f71ap-6f,
    0x1.53f224p-8f, -0x1.a3515ep-11f, 0x1.4771fcp-14f};

// Of -q, from the constant up.
inline constexpr float kFar[] = {
    -0x1.661ce4p-12f, -0x1.2088eap+0f, -0x1.46baf0p-1f, -0x1.a6531ep-4f,
    0x1.65cb36p-6f,   -0x1.825ab2p-9f, 0x1.86dddcp-13f};

inline constexpr float kFirstFar = 1.0f;
// erf is 1 in float32 from 3.92 on; q serves up to here.
inline constexpr float kMaxX = 4.0f;

}  // namespace pellucid::kernels::erf_constants

#endif  // PELLUCID_KERNELS_ERF_CONSTANTS_H_
