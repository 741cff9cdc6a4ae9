// What the plain and the vector form of Tanh share (math.cc, math-inl.h), which
// agree bit for bit because they do the same operations on these numbers.
//
// Method: for |x| < 0.55, tanh(x) = x + x^3 p(x^2); above, 1 - 2 / (exp(2|x|) +
// 1), where an error of exp counts by 2 exp(2x) / (exp(4x) - 1) only, 0.75 and
// falling. p, of degree 4, is fitted here by Lawson's iteration for the least
// maximal relative error of tanh, coefficient after coefficient rounded to
// float32: 1.1e-9, a fiftieth of half an ULP.
#ifndef PELLUCID_KERNELS_TANH_CONSTANTS_H_
#define PELLUCID_KERNELS_TANH_CONSTANTS_H_

namespace pellucid::kernels::tanh_constants {

// Of p, from the constant up.
inline constexpr float kNear[] = {-0x1.55554ap-2f, 0x1.110ceep-3f,
                                  -0x1.b91e7ep-5f, 0x1.58e518p-6f,
                                  -0x1.9921a2p-8f};

inline constexpr float kFirstFar = 0.55f;
// tanh is 1 in float32 from 9.02 on, and so is what the formula gives here.
inline constexpr float kMaxX = 10.0f;

}  // namespace pellucid::kernels::tanh_constants

#endif  // PELLUCID_KERNELS_TANH_CONSTANTS_H_
