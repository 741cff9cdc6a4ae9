#include "kernels/math.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/erf_constants.h"
#include "kernels/exp_constants.h"
#include "kernels/tanh_constants.h"

namespace pellucid::kernels {
namespace {

namespace c = exp_constants;

// A power series in x, coefficients from the constant up.
template <typename Float, std::size_t N>
Float Polynomial(const Float (&coefficients)[N], Float x) {
  Float sum = coefficients[N - 1];
  for (std::size_t i = N - 1; i > 0; --i) {
    sum = std::fma(sum, x, coefficients[i - 1]);
  }
  return sum;
}

// x = n ln 2 + r: `rounded` is kRounder + n, and `p` is exp(r).
struct ExpParts {
  float rounded, p;
};

ExpParts SplitExp(float x) {
  const float rounded = std::fma(x, c::kLog2E, c::kRounder);
  const float n = rounded - c::kRounder;
  float r = std::fma(-n, c::kLn2Hi, x);
  r = std::fma(-n, c::kLn2Lo, r);
  float p = std::fma(c::kC6, r, c::kC5);
  p = std::fma(p, r, c::kC4);
  p = std::fma(p, r, c::kC3);
  p = std::fma(p, r, c::kC2);
  p = std::fma(p, r, 1.0f);
  p = std::fma(p, r, 1.0f);
  return {rounded, p};
}

float TimesPowerOfTwo(float p, float rounded) {
  const std::uint32_t power = std::bit_cast<std::uint32_t>(rounded) << 23;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + power);
}

// NaN stays NaN.
float ClampAbove(float x, float most) { return x > most ? most : x; }

// Constants of the float64 forms: each "Lo" is what the double "Hi" lacks, and
// a fused subtraction of n times "Hi" from a nearby number is exact.
constexpr double kLog2E64 = 0x1.71547652b82fep+0;
constexpr double kLn2Hi64 = 0x1.62e42fefa39efp-1;
constexpr double kLn2Lo64 = 0x1.abc9e3b39803fp-56;
constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
constexpr double kHalfPiHi = 0x1.921fb54442d18p+0;
constexpr double kHalfPiLo = 0x1.1a62633145c07p-54;

// Taylor series; the first term left out is below 2^-56 of the sum for |r| <=
// ln 2 / 2 (exp, 1/k!) and |r| <= pi / 4 (sin and cos).
constexpr double kExpSeries[] = {1.0,
                                 1.0,
                                 1.0 / 2,
                                 1.0 / 6,
                                 1.0 / 24,
                                 1.0 / 120,
                                 1.0 / 720,
                                 1.0 / 5040,
                                 1.0 / 40320,
                                 1.0 / 362880,
                                 1.0 / 3628800,
                                 1.0 / 39916800,
                                 1.0 / 479001600,
                                 1.0 / 6227020800.0};
constexpr double kSinSeries[] = {  // of (sin r - r) / r^3, in r^2
    -1.0 / 6,
    1.0 / 120,
    -1.0 / 5040,
    1.0 / 362880,
    -1.0 / 39916800,
    1.0 / 6227020800.0,
    -1.0 / 1307674368000.0,
    1.0 / 355687428096000.0};
constexpr double kCosSeries[] = {  // of (cos r - 1) / r^2, in r^2
    -1.0 / 2,
    1.0 / 24,
    -1.0 / 720,
    1.0 / 40320,
    -1.0 / 3628800,
    1.0 / 479001600,
    -1.0 / 87178291200.0,
    1.0 / 20922789888000.0};
// Of (2 atanh(s) - 2 s) / s^3 in s^2, for s^2 <= 0.0295.
constexpr double kAtanhSeries[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,
                                   2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17,
                                   2.0 / 19, 2.0 / 21, 2.0 / 23};

}  // namespace

float Exp(float x) {
  // Above the range +inf, and NaN stays NaN: both are x * inf.
  if (!(x <= c::kMaxX)) return x * std::numeric_limits<float>::infinity();
  if (x < c::kMinX) return 0.0f;
  const ExpParts parts = SplitExp(x);
  return TimesPowerOfTwo(parts.p, parts.rounded);
}

float ExpRelative(float x, float e) {
  if (!(std::abs(x) <= c::kMaxRelativeX)) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  const ExpParts parts = SplitExp(x);
  const float rounded = parts.rounded - e;  // kRounder + n - e, exactly
  if (rounded > c::kRounder + c::kMaxPower) {
    return std::numeric_limits<float>::infinity();
  }
  if (rounded < c::kRounder + c::kMinPower) return 0.0f;
  return TimesPowerOfTwo(parts.p, rounded);
}

float ExpExponent(float x) {
  return std::fma(x, c::kLog2E, c::kRounder) - c::kRounder;
}

float Tanh(float x) {
  const float size = std::abs(x);
  if (size < tanh_constants::kFirstFar) {
    const float square = size * size;
    const float near = Polynomial(tanh_constants::kNear, square);
    return std::copysign(std::fma(near, size * square, size), x);
  }
  const float clamped = ClampAbove(size, tanh_constants::kMaxX);
  const float e = Exp(clamped + clamped);
  return std::copysign(1.0f - 2.0f / (e + 1.0f), x);
}

float Erf(float x) {
  const float size = std::abs(x);
  if (size < erf_constants::kFirstFar) {
    const float near = Polynomial(erf_constants::kNear, size * size);
    return std::copysign(std::fma(near, size, size), x);
  }
  const float clamped = ClampAbove(size, erf_constants::kMaxX);
  const float rest = Exp(Polynomial(erf_constants::kFar, clamped));
  return std::copysign(1.0f - rest, x);
}

double Exp64(double x) {
  if (std::isnan(x)) return x;
  if (x > 710.0) return std::numeric_limits<double>::infinity();
  if (x < -746.0) return 0.0;
  const double n = std::nearbyint(x * kLog2E64);
  double r = std::fma(-n, kLn2Hi64, x);
  r = std::fma(-n, kLn2Lo64, r);
  return std::ldexp(Polynomial(kExpSeries, r), static_cast<int>(n));
}

double Log64(double x) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (x == 0) return -kInfinity;
  if (!(x > 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x == kInfinity) return x;
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // to [sqrt(1/2), sqrt(2))
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    --exponent;
  }
  // ln(1 + f) = 2 atanh(s) = 2 s + s t, and 2 s = f - s f: f is exact.
  const double f = m - 1;
  const double s = f / (2 + f);
  const double t = s * s * Polynomial(kAtanhSeries, s * s);
  const double n = exponent;
  const double rest = std::fma(n, kLn2Lo64, -(s * (f - t)));
  if (exponent == 0) return f + rest;
  const double head = n * kLn2Hi64;
  const double head_rest = std::fma(n, kLn2Hi64, -head);
  const double sum = head + f;
  const double sum_rest = (head - sum) + f;  // |head| > |f|: exact
  return sum + (sum_rest + (head_rest + rest));
}

double Pow64(double x, double y) { return Exp64(y * Log64(x)); }

void SinCos64(double x, double* sin, double* cos) {
  const double n = std::nearbyint(x * kTwoOverPi);
  double r = std::fma(-n, kHalfPiHi, x);
  r = std::fma(-n, kHalfPiLo, r);
  const double r2 = r * r;
  const double s = std::fma(r * r2, Polynomial(kSinSeries, r2), r);
  const double c = std::fma(r2, Polynomial(kCosSeries, r2), 1.0);
  const auto quarter = static_cast<std::int64_t>(n) & 3;
  *sin = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
  *cos = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
}

}  // namespace pellucid::kernels
