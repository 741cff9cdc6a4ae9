#include "base/random.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace pellucid {
namespace {

constexpr int kRounds = 10;
constexpr std::uint32_t kMultiply[2] = {0xD2511F53, 0xCD9E8D57};
constexpr std::uint32_t kWeyl[2] = {0x9E3779B9, 0xBB67AE85};

using Coefficients = std::array<double, 8>;

// Near the middle, |p - 0.5| <= 0.425.
constexpr Coefficients kMiddleOver = {
    3.3871328727963666080e0,  1.3314166789178437745e+2,
    1.9715909503065514427e+3, 1.3731693765509461125e+4,
    4.5921953931549871457e+4, 6.7265770927008700853e+4,
    3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr Coefficients kMiddleUnder = {1.0,
                                       4.2313330701600911252e+1,
                                       6.8718700749205790830e+2,
                                       5.3941960214247511077e+3,
                                       2.1213794301586595867e+4,
                                       3.9307895800092710610e+4,
                                       2.8729085735721942674e+4,
                                       5.2264952788528545610e+3};
// Tails, by sqrt(-log p) up to 5, and beyond.
constexpr Coefficients kTailOver = {
    1.42343711074968357734e0,  4.63033784615654529590e0,
    5.76949722146069140550e0,  3.64784832476320460504e0,
    1.27045825245236838258e0,  2.41780725177450611770e-1,
    2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr Coefficients kTailUnder = {1.0,
                                     2.05319162663775882187e0,
                                     1.67638483018380384940e0,
                                     6.89767334985100004550e-1,
                                     1.48103976427480074590e-1,
                                     1.51986665636164571966e-2,
                                     5.47593808499534494600e-4,
                                     1.05075007164441684324e-9};
constexpr Coefficients kFarOver = {
    6.65790464350110377720e0,  5.46378491116411436990e0,
    1.78482653991729133580e0,  2.96560571828504891230e-1,
    2.65321895265761230930e-2, 1.24266094738807843860e-3,
    2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr Coefficients kFarUnder = {1.0,
                                    5.99832206555887937690e-1,
                                    1.36929880922735805310e-1,
                                    1.48753612908506148525e-2,
                                    7.86869131145613259100e-4,
                                    1.84631831751005468180e-5,
                                    1.42151175831644588870e-7,
                                    2.04426310338993978564e-15};

double Polynomial(const Coefficients& c, double x) {
  double sum = c.back();
  for (std::size_t i = c.size() - 1; i-- > 0;) sum = sum * x + c[i];
  return sum;
}

double Ratio(const Coefficients& over, const Coefficients& under, double x) {
  return Polynomial(over, x) / Polynomial(under, x);
}

// Natural logarithm of a normal number: of its exponent, and of the fraction in
// [sqrt(1/2), sqrt(2)) by the series of 2 atanh((m - 1) / (m + 1)).
double Log(double x) {
  constexpr double kLn2 = 0.693147180559945309417232121458;
  constexpr double kRootHalf = 0.70710678118654752440;
  constexpr int kLastPower = 23;  // the next is below 1e-18
  int exponent = 0;
  double fraction = std::frexp(x, &exponent);
  if (fraction < kRootHalf) {
    fraction *= 2;
    --exponent;
  }
  const double s = (fraction - 1) / (fraction + 1);
  double sum = 0;
  for (int power = kLastPower; power >= 1; power -= 2) {
    sum = sum * (s * s) + 1.0 / power;
  }
  return exponent * kLn2 + 2 * s * sum;
}

}  // namespace

std::array<std::uint32_t, 4> Philox(std::array<std::uint32_t, 4> counter,
                                    std::uint64_t key) {
  auto low = static_cast<std::uint32_t>(key);
  auto high = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t a = std::uint64_t{kMultiply[0]} * counter[0];
    const std::uint64_t b = std::uint64_t{kMultiply[1]} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ low,
               static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ high,
               static_cast<std::uint32_t>(a)};
    low += kWeyl[0];
    high += kWeyl[1];
  }
  return counter;
}

std::array<double, 2> PhiloxUniform(std::array<std::uint32_t, 4> counter,
                                    std::uint64_t key) {
  const std::array<std::uint32_t, 4> bits = Philox(counter, key);
  std::array<double, 2> out;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::uint64_t all =
        std::uint64_t{bits[2 * i + 1]} << 32 | bits[2 * i];
    out[i] = (static_cast<double>(all >> 12) + 0.5) * 0x1p-52;
  }
  return out;
}

double NormalQuantile(double p) {
  const double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    return q * Ratio(kMiddleOver, kMiddleUnder, 0.180625 - q * q);
  }
  const double r = std::sqrt(-Log(q < 0 ? p : 1 - p));
  const double tail = r <= 5 ? Ratio(kTailOver, kTailUnder, r - 1.6)
                             : Ratio(kFarOver, kFarUnder, r - 5);
  return q < 0 ? -tail : tail;
}

}  // namespace pellucid
