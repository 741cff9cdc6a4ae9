// What the plain and the vector form of Exp share (math.cc, math-inl.h), which
// agree bit for bit because they do the same operations on these numbers.
//
// Method: x = n ln 2 + r with n the nearest integer to x / ln 2, so |r| <=
// 0.347 (Cody & Waite 1980: ln 2 in two parts, of which the first product is
// exact under the fused subtraction), exp(x) = 2^n exp(r), and exp(r) = 1 + r +
// r^2 s(r) with s of degree 4 fitted here by Lawson's iteration for the least
// maximal relative error, coefficient after coefficient rounded to float32:
// 3.1e-9, a twentieth of half an ULP. 2^n is added to the exponent bits.
#ifndef PELLUCID_KERNELS_EXP_CONSTANTS_H_
#define PELLUCID_KERNELS_EXP_CONSTANTS_H_

namespace pellucid::kernels::exp_constants {

inline constexpr float kLog2E = 0x1.715476p+0f;
inline constexpr float kLn2Hi = 0x1.62e430p-1f;
inline constexpr float kLn2Lo = -0x1.05c610p-29f;

// Adding it rounds to the nearest integer and leaves that integer, |n| < 2^22,
// in the low bits of the sum: 1.5 * 2^23.
inline constexpr float kRounder = 12582912.0f;

inline constexpr float kC2 = 0x1.fffffcp-2f;
inline constexpr float kC3 = 0x1.555492p-3f;
inline constexpr float kC4 = 0x1.5558b0p-5f;
inline constexpr float kC5 = 0x1.12398ap-7f;
inline constexpr float kC6 = 0x1.6a4ceap-10f;

// The largest x whose exp is finite, and the least whose exp is normal.
inline constexpr float kMaxX = 0x1.62e42ep+6f;
inline constexpr float kMinX = -0x1.5d589ep+6f;

// ExpRelative: beyond it n leaves the range of kRounder; and the powers of two
// between which p 2^m, 0.7 < p < 1.5, is normal.
inline constexpr float kMaxRelativeX = 2097152.0f;  // 2^21
inline constexpr float kMinPower = -125.0f;
inline constexpr float kMaxPower = 127.0f;

}  // namespace pellucid::kernels::exp_constants

#endif  // PELLUCID_KERNELS_EXP_CONSTANTS_H_
