// The constants of kernels/activation.h, as float32 has them; shared by the
// vector form and the plain one, which agree bit for bit.
#ifndef PELLUCID_KERNELS_ACTIVATION_CONSTANTS_H_
#define PELLUCID_KERNELS_ACTIVATION_CONSTANTS_H_

namespace pellucid::kernels::activation_constants {

inline constexpr float kSqrtHalf = 0x1.6a09e6p-1f;
inline constexpr float kSqrtTwoOverPi = 0x1.988454p-1f;  // and 0.7978845608
inline constexpr float kCubic = 0.044715f;
inline constexpr float kQuick = 1.702f;
inline constexpr float kOverSqrtTwoPi = 0x1.988454p-2f;  // 1 / sqrt(2 pi)
inline constexpr float kCubicSlope = 3 * kCubic;
inline constexpr float kFlat = 30;  // beyond, a slope is 0 or 1

}  // namespace pellucid::kernels::activation_constants

#endif  // PELLUCID_KERNELS_ACTIVATION_CONSTANTS_H_
