// Elementary functions of our own, so that no libm differs underneath. Vector
// forms live in math-inl.h; these are the plain ones, with std::fma, which
// define the bits.
#ifndef PELLUCID_KERNELS_MATH_H_
#define PELLUCID_KERNELS_MATH_H_

namespace pellucid::kernels {

// exp(x) in float32; error at most 1 ULP for results that are normal numbers;
// results below the smallest normal number are 0, above the largest +inf; NaN
// gives NaN.
float Exp(float x);

// The same, relative to a power of two, so that sums of exp keep clear of both
// ends of the range: exp(x) / 2^e, error at most 1 ULP, for integers |e| <
// 2^22. With n = ExpExponent(x): 0 where n - e < -125, +inf where n - e > 127.
// NaN where |x| > 2^21 or x is NaN.
float ExpRelative(float x, float e);

// The integer nearest x / ln 2 as exp sees it: exp(x) lies between 0.7 and 1.5
// times 2^ExpExponent(x), for |x| <= 2^21.
float ExpExponent(float x);

// tanh(x) in float32; error at most 1.6 ULP (1.590 is the largest over all
// floats). Odd in x, bits and all; NaN gives NaN.
float Tanh(float x);

// erf(x) in float32; error at most 1.1 ULP (1.082 is the largest over all
// floats). Odd in x, bits and all; NaN gives NaN.
float Erf(float x);

// In float64, 20 to 60 ns: used a few times a cell or a position, not in inner
// loops. Errors measured against long double.
//
// exp(x) to 1 ULP, over the whole range; NaN gives NaN.
double Exp64(double x);
// ln x to 1 ULP. -inf at 0, NaN below it.
double Log64(double x);
// x^y for x > 0, with a relative error below (1 + |y ln x|) 2^-52.
double Pow64(double x, double y);
// sin and cos of x, |x| < 2^30, absolute errors below 3e-16.
void SinCos64(double x, double* sin, double* cos);

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_MATH_H_
