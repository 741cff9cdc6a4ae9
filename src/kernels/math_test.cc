#include "kernels/math.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/math_test.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// For counts that are multiples of 16.
void VectorOddForms(const float* x, const std::size_t count, float* tanh,
                    float* erf) {
  const hn::CappedTag<float, 16> tag;
  for (std::size_t i = 0; i < count; i += hn::Lanes(tag)) {
    const auto v = hn::LoadU(tag, x + i);
    hn::StoreU(Tanh(tag, v), tag, tanh + i);
    hn::StoreU(Erf(tag, v), tag, erf + i);
  }
}

// y[i] = exp(x[i]), z[i] = exp(x[i]) / 2^e[i], n[i] = the exponent of x[i].
void VectorForms(const float* x, const float* e, const std::size_t count,
                 float* y, float* z, float* n) {
  const hn::CappedTag<float, 16> tag;
  for (std::size_t i = 0; i < count; i += hn::Lanes(tag)) {
    const auto v = hn::LoadU(tag, x + i);
    hn::StoreU(Exp(tag, v), tag, y + i);
    hn::StoreU(ExpRelative(tag, v, hn::LoadU(tag, e + i)), tag, z + i);
    hn::StoreU(ExpExponent(tag, v), tag, n + i);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {
namespace {

HWY_EXPORT(VectorForms);
HWY_EXPORT(VectorOddForms);

using testutil::Bits;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kLeastNormal = std::numeric_limits<float>::min();

// Every 4099th float (a prime), of all exponents and both signs. The worst
// error over every float there is, measured once, is 0.892 ULP.
std::vector<float> SpreadFloats() {
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits < (1ull << 32); bits += 4099) {
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  return x;
}

// Error in units of the last place that `exact` has in a format of
// `digits` binary digits.
template <typename Wide>
double UlpError(Wide exact, Wide computed, int digits) {
  int exponent = 0;
  std::frexp(exact, &exponent);
  return static_cast<double>(
      std::ldexp(std::abs(computed - exact), digits - exponent));
}

TEST(Exp, IsWithinOneUlpWhereTheResultIsNormal) {
  double worst = 0;
  for (const float x : SpreadFloats()) {
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(Exp(x)));
      continue;
    }
    const double exact = std::exp(static_cast<double>(x));
    if (exact < kLeastNormal) {
      EXPECT_EQ(Bits(Exp(x)), Bits(0.0f)) << x;
    } else if (exact >= 0x1.ffffffp+127) {
      EXPECT_EQ(Exp(x), kInfinity) << x;
    } else {
      worst = std::max(worst, UlpError<double>(exact, Exp(x), 24));
    }
  }
  EXPECT_LE(worst, 0.9);
}

TEST(Exp, KnowsItsEdges) {
  EXPECT_EQ(Exp(0.0f), 1.0f);
  EXPECT_EQ(Exp(-0.0f), 1.0f);
  EXPECT_EQ(Exp(std::numeric_limits<float>::denorm_min()), 1.0f);
  EXPECT_EQ(Exp(kInfinity), kInfinity);
  EXPECT_EQ(Bits(Exp(-kInfinity)), Bits(0.0f));
  EXPECT_TRUE(std::isnan(Exp(kNan)));
  // The last x on this side of each end of the range, and the next.
  EXPECT_LT(Exp(0x1.62e42ep+6f), kInfinity);
  EXPECT_GT(Exp(0x1.62e42ep+6f), 0x1.fffp+127f);
  EXPECT_EQ(Exp(0x1.62e430p+6f), kInfinity);
  EXPECT_GE(Exp(-0x1.5d589ep+6f), kLeastNormal);
  EXPECT_EQ(Exp(-0x1.5d58a0p+6f), 0.0f);
}

TEST(ExpRelative, IsExpTimesAPowerOfTwo) {
  testutil::Random random(3);
  for (int i = 0; i < 20000; ++i) {
    const float x = random.Uniform() * 86.0f;
    const float n = ExpExponent(x);
    for (const float e : {n, n + 100.0f, n - 20.0f, 0.0f}) {
      const double exact =
          std::ldexp(static_cast<double>(Exp(x)), -static_cast<int>(e));
      EXPECT_EQ(ExpRelative(x, e), static_cast<float>(exact)) << x << " " << e;
    }
  }
}

TEST(ExpRelative, ReachesFarBeyondTheRangeOfExp) {
  for (const float x : {22517.0f, -22517.0f, 2.0e6f, -2097152.0f}) {
    const float n = ExpExponent(x);
    const long double exact =
        std::exp(static_cast<long double>(x) -
                 n * std::log(static_cast<long double>(2)));
    // ln 2 in long double is off by 2^-65 of itself, and n below 2^22.
    EXPECT_LE(UlpError<long double>(exact, ExpRelative(x, n), 24), 1.0) << x;
  }
}

TEST(ExpRelative, ClampsAtBothEndsOfThePowersOfTwo) {
  EXPECT_EQ(ExpRelative(0.0f, 125.0f), 0x1p-125f);
  EXPECT_EQ(Bits(ExpRelative(0.0f, 126.0f)), Bits(0.0f));
  EXPECT_EQ(ExpRelative(0.0f, -127.0f), 0x1p+127f);
  EXPECT_EQ(ExpRelative(0.0f, -128.0f), kInfinity);
  EXPECT_EQ(ExpRelative(-2.0e6f, 2.9e6f), 0.0f);
  EXPECT_EQ(ExpRelative(2.0e6f, -2.9e6f), kInfinity);
  for (const float x : {kNan, kInfinity, -kInfinity, 2097153.0f, -3e38f}) {
    EXPECT_EQ(Bits(ExpRelative(x, 0.0f)), Bits(kNan)) << x;
  }
}

// For functions that are normal wherever x is, and odd.
double WorstUlp(float (*function)(float), double (*exact)(double)) {
  double worst = 0;
  for (const float x : SpreadFloats()) {
    const float y = function(x);
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(y));
      continue;
    }
    EXPECT_EQ(Bits(function(-x)), Bits(-y)) << x;
    if (std::abs(x) < kLeastNormal) continue;
    worst = std::max(worst, UlpError<double>(exact(x), y, 24));
  }
  return worst;
}

// Over every float from 2^-14 to 10.5 the worst, measured once, is 1.590 ULP.
TEST(Tanh, KeepsItsErrorBound) {
  EXPECT_LE(WorstUlp(Tanh, std::tanh), 1.6);
  EXPECT_EQ(Bits(Tanh(0.0f)), Bits(0.0f));
  EXPECT_EQ(Bits(Tanh(-0.0f)), Bits(-0.0f));
  EXPECT_EQ(Tanh(1e-45f), 1e-45f);
  EXPECT_EQ(Tanh(9.0f), 0x1.fffffep-1f);
  EXPECT_EQ(Tanh(9.1f), 1.0f);
  EXPECT_EQ(Tanh(-kInfinity), -1.0f);
}

// Over every float from 2^-14 to 4.5 the worst, measured once, is 1.082 ULP.
TEST(Erf, KeepsItsErrorBound) {
  EXPECT_LE(WorstUlp(Erf, std::erf), 1.1);
  EXPECT_EQ(Bits(Erf(0.0f)), Bits(0.0f));
  EXPECT_EQ(Bits(Erf(-0.0f)), Bits(-0.0f));
  EXPECT_EQ(Erf(1e-45f), 1e-45f);
  EXPECT_EQ(Erf(3.8f), 0x1.fffffep-1f);
  EXPECT_EQ(Erf(4.0f), 1.0f);
  EXPECT_EQ(Erf(-kInfinity), -1.0f);
}

class VectorMathTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(VectorMathTest);

TEST_P(VectorMathTest, EveryLaneHasTheBitsOfThePlainForm) {
  if (GetParam() == Isa::kReference) GTEST_SKIP() << "has no vector form";
  std::vector<float> x = SpreadFloats();
  for (const float edge : {0x1.62e42ep+6f, 0x1.62e430p+6f, -0x1.5d589ep+6f,
                           -0x1.5d58a0p+6f, 2097152.0f, kInfinity, kNan}) {
    x.push_back(edge);
    x.push_back(-edge);
  }
  testutil::Random random(4);
  for (int i = 0; i < 100000; ++i) x.push_back(random.Uniform() * 130.0f);
  x.resize((x.size() + 15) / 16 * 16);

  std::vector<float> e(x.size()), y(x.size()), z(x.size()), n(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float center = std::abs(x[i]) < 2e6f ? ExpExponent(x[i]) : 0.0f;
    e[i] = center + static_cast<float>(random.Below(300)) - 150.0f;
  }
  HWY_DYNAMIC_DISPATCH(VectorForms)
  (x.data(), e.data(), x.size(), y.data(), z.data(), n.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(Bits(y[i]), Bits(Exp(x[i]))) << x[i];
    ASSERT_EQ(Bits(z[i]), Bits(ExpRelative(x[i], e[i]))) << x[i] << " " << e[i];
    if (std::abs(x[i]) < 2e6f) {
      ASSERT_EQ(Bits(n[i]), Bits(ExpExponent(x[i]))) << x[i];
    }
  }
}

TEST_P(VectorMathTest, OddFunctionsHaveTheBitsOfThePlainForms) {
  if (GetParam() == Isa::kReference) GTEST_SKIP() << "has no vector form";
  std::vector<float> x = SpreadFloats();
  for (const float edge : {0.55f, 1.0f, 4.0f, 10.0f, kInfinity, kNan}) {
    for (const float v : {edge, std::nextafter(edge, 0.0f)}) {
      x.push_back(v);
      x.push_back(-v);
    }
  }
  testutil::Random random(4);
  for (int i = 0; i < 100000; ++i) x.push_back(random.Uniform() * 12.0f);
  x.resize((x.size() + 15) / 16 * 16);
  std::vector<float> tanh(x.size()), erf(x.size());
  HWY_DYNAMIC_DISPATCH(VectorOddForms)
  (x.data(), x.size(), tanh.data(), erf.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(Bits(tanh[i]), Bits(Tanh(x[i]))) << x[i];
    ASSERT_EQ(Bits(erf[i]), Bits(Erf(x[i]))) << x[i];
  }
}

// Uniform in [0, 1), a multiple of 2^-53.
double Uniform64(testutil::Random& random) {
  return static_cast<double>(random.Next() >> 11) * 0x1p-53;
}

// Long double has 64 digits or more: its own error is 2^-11 ULP here.
TEST(Exp64, IsWithinOneUlp) {
  testutil::Random random(5);
  for (int i = 0; i < 100000; ++i) {
    const double x = -708.0 + 1417.0 * Uniform64(random);
    const long double exact = std::exp(static_cast<long double>(x));
    ASSERT_LE(UlpError<long double>(exact, Exp64(x), 53), 1.0) << x;
  }
  EXPECT_EQ(Exp64(0.0), 1.0);
  EXPECT_NEAR(Exp64(-740.0), std::exp(-740.0), 0x1p-1074);
  EXPECT_EQ(Exp64(-800.0), 0.0);
  EXPECT_EQ(Exp64(710.0), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(Exp64(std::nan(""))));
}

TEST(Log64, IsWithinOneUlp) {
  testutil::Random random(6);
  for (int i = 0; i < 100000; ++i) {
    const int power = static_cast<int>(random.Below(2090)) - 1070;
    const double wide = std::ldexp(0.5 + Uniform64(random) / 2, power);
    const double near_one = 0.4 + 2.0 * Uniform64(random);
    for (const double x : {wide, near_one}) {
      const long double exact = std::log(static_cast<long double>(x));
      ASSERT_LE(UlpError<long double>(exact, Log64(x), 53), 1.0) << x;
    }
  }
  EXPECT_EQ(Log64(1.0), 0.0);
  EXPECT_EQ(Log64(0.0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(Log64(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(Log64(-1.0)));
  EXPECT_TRUE(std::isnan(Log64(std::nan(""))));
}

TEST(Pow64, KeepsItsErrorBound) {
  testutil::Random random(7);
  for (int i = 0; i < 100000; ++i) {
    const double x = std::exp(16.0 * Uniform64(random) - 1.0);
    const double y = 4.0 * Uniform64(random) - 2.0;
    const long double exact =
        std::pow(static_cast<long double>(x), static_cast<long double>(y));
    const double relative =
        static_cast<double>(std::abs((Pow64(x, y) - exact) / exact));
    ASSERT_LE(relative, (1 + std::abs(y * std::log(x))) * 0x1p-52)
        << x << "^" << y;
  }
  EXPECT_EQ(Pow64(10000.0, 0.0), 1.0);
}

TEST(SinCos64, KeepsItsErrorBound) {
  testutil::Random random(8);
  for (int i = 0; i < 100000; ++i) {
    const int power = static_cast<int>(random.Below(31));
    const double x = std::ldexp(2.0 * Uniform64(random) - 1.0, power);
    double sin = 0, cos = 0;
    SinCos64(x, &sin, &cos);
    const auto wide = static_cast<long double>(x);
    ASSERT_NEAR(static_cast<double>(sin - std::sin(wide)), 0.0, 3e-16) << x;
    ASSERT_NEAR(static_cast<double>(cos - std::cos(wide)), 0.0, 3e-16) << x;
  }
  double sin = 1, cos = 0;
  SinCos64(0.0, &sin, &cos);
  EXPECT_EQ(sin, 0.0);
  EXPECT_EQ(cos, 1.0);
}

}  // namespace
}  // namespace pellucid::kernels
#endif  // HWY_ONCE
