#include "kernels/activation.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/activation.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kLeast = std::numeric_limits<float>::denorm_min();

constexpr Activation kAll[] = {
    Activation::kSilu,      Activation::kGelu, Activation::kGeluTanh,
    Activation::kGeluFast,  Activation::kRelu, Activation::kRelu2,
    Activation::kQuickGelu,
};

class ActivationTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(ActivationTest);

std::vector<float> Of(Activation activation, const std::vector<float>& x) {
  std::vector<float> out(x.size());
  Activate(activation, x, out);
  return out;
}

// Noise of all sizes that activations have, and the awkward numbers.
std::vector<float> Awkward(std::size_t count, std::uint64_t seed) {
  const float scales[] = {1.0f, 10.0f, 22517.0f, 1e-3f, 1e-38f, 1e-44f};
  const float special[] = {0.0f, -0.0f, kLeast, -kLeast, 1e18f, -1e18f};
  testutil::Random random(seed);
  std::vector<float> x(count);
  for (float& v : x) {
    v = random.Below(5) == 0 ? special[random.Below(6)]
                             : random.Uniform() * scales[random.Below(6)];
  }
  return x;
}

TEST_P(ActivationTest, EqualsReferenceForEveryTailLength) {
  for (const Activation activation : kAll) {
    for (std::size_t count = 0; count <= 67; ++count) {
      SCOPED_TRACE(::testing::Message()
                   << static_cast<int>(activation) << " count=" << count);
      const auto x = Awkward(count, /*seed=*/count);
      std::vector<float> plain(count);
      reference::Activate(activation, x, plain);
      EXPECT_EQ(Bits(Of(activation, x)), Bits(plain));
    }
  }
}

TEST_P(ActivationTest, EqualsReferenceOnManyNumbers) {
  for (const Activation activation : kAll) {
    const auto x = Awkward(100003, /*seed=*/7);
    std::vector<float> plain(x.size());
    reference::Activate(activation, x, plain);
    EXPECT_EQ(Bits(Of(activation, x)), Bits(plain))
        << static_cast<int>(activation);
  }
}

TEST_P(ActivationTest, TheInputMayBeTheOutputAndNothingElseIsWritten) {
  for (const Activation activation : kAll) {
    const auto x = Awkward(45, /*seed=*/3);
    std::vector<float> in_place = x;
    in_place.push_back(-7.0f);
    const std::span<float> row = std::span(in_place).first(x.size());
    Activate(activation, row, row);
    EXPECT_EQ(Bits(row), Bits(Of(activation, x)));
    EXPECT_EQ(in_place.back(), -7.0f);
  }
}

struct Exact {
  Activation activation;
  double (*value)(double x);
};

double ExactGeluTanh(double x) {
  const double inner = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1 + std::tanh(inner));
}

constexpr Exact kExact[] = {
    {Activation::kSilu, [](double x) { return x / (1 + std::exp(-x)); }},
    {Activation::kGelu,
     [](double x) { return 0.5 * x * std::erfc(-x * std::sqrt(0.5)); }},
    {Activation::kGeluTanh, ExactGeluTanh},
    {Activation::kGeluFast, ExactGeluTanh},
    {Activation::kQuickGelu,
     [](double x) { return x / (1 + std::exp(-1.702 * x)); }},
    {Activation::kRelu, [](double x) { return x > 0 ? x : 0; }},
};

// Relative to |x|, in units of 2^-24. tanh and erf: 1.6 at most, of at most 1;
// the roundings of their argument u (five and two constants) count by u times
// the slope, at most 0.45 and 0.49; adding 1: 1; all that is halved by the 0.5,
// and the last product rounds once: below 4. SiLU and QuickGELU: exp by 1.8,
// its argument by the half of x times the slope of the sigmoid, 0.28, three
// roundings: below 4 too.
TEST_P(ActivationTest, LiesByTheExactValue) {
  std::vector<float> x;
  for (int i = -20000; i <= 20000; ++i) {
    x.push_back(static_cast<float>(i) / 1000);
  }
  for (const Exact& exact : kExact) {
    const std::vector<float> out = Of(exact.activation, x);
    double worst = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      if (x[k] == 0) continue;
      const double error = std::abs(out[k] - exact.value(x[k]));
      worst = std::max(worst, error / std::abs(x[k]) * 0x1p24);
    }
    EXPECT_LE(worst, 4.0) << static_cast<int>(exact.activation);
  }
}

// SiLU has no cancellation: its error is relative to the result. Exp is off by
// 1 ULP at most, the addition and the division by half of one each: 2 ULP of
// 2^-23. Below -88.7 exp(-x) overflows and the result is 0 where the true value
// is at most 88.8 * 2^-128.
TEST_P(ActivationTest, SiluIsXTimesTheSigmoid) {
  std::vector<float> x;
  for (int i = -1200; i <= 1200; ++i) x.push_back(static_cast<float>(i) / 8);
  const std::vector<float> out = Of(Activation::kSilu, x);
  for (std::size_t k = 0; k < x.size(); ++k) {
    const double wide = x[k];
    const double exact = wide / (1 + std::exp(-wide));
    EXPECT_NEAR(out[k], exact, std::abs(exact) * 0x1p-22 + 0x1p-121) << x[k];
  }
}

TEST_P(ActivationTest, TendsToXAndToZeroAtTheEnds) {
  const std::vector<float> x = {1e12f, -1e12f, kInfinity, 0.0f, -0.0f};
  const std::vector<float> expected = {1e12f, -0.0f, kInfinity, 0.0f, -0.0f};
  for (const Activation activation :
       {Activation::kSilu, Activation::kGelu, Activation::kGeluTanh,
        Activation::kGeluFast, Activation::kQuickGelu}) {
    EXPECT_EQ(Bits(Of(activation, x)), Bits(expected))
        << static_cast<int>(activation);
  }
  EXPECT_EQ(Of(Activation::kRelu, {-3.0f, 0.5f, -kInfinity, kInfinity}),
            (std::vector<float>{0.0f, 0.5f, 0.0f, kInfinity}));
  EXPECT_EQ(Of(Activation::kRelu2, {-3.0f, 0.5f}),
            (std::vector<float>{0.0f, 0.25f}));
}

TEST_P(ActivationTest, NanStaysNan) {
  for (const Activation activation : kAll) {
    const std::vector<float> out = Of(activation, std::vector<float>(19, kNan));
    for (const float v : out) EXPECT_TRUE(std::isnan(v));
  }
}

TEST(ActivationFromName, KnowsTheNamesOfConfigurations) {
  EXPECT_EQ(ActivationFromName("gelu"), Activation::kGelu);
  EXPECT_EQ(ActivationFromName("gelu_new"), Activation::kGeluTanh);
  EXPECT_EQ(ActivationFromName("gelu_pytorch_tanh"), Activation::kGeluTanh);
  EXPECT_EQ(ActivationFromName("gelu_fast"), Activation::kGeluFast);
  EXPECT_EQ(ActivationFromName("quick_gelu"), Activation::kQuickGelu);
  EXPECT_EQ(ActivationFromName("silu"), Activation::kSilu);
  EXPECT_EQ(ActivationFromName("swish"), Activation::kSilu);
  EXPECT_EQ(ActivationFromName("relu"), Activation::kRelu);
  EXPECT_EQ(ActivationFromName("relu2"), Activation::kRelu2);
  EXPECT_EQ(ActivationFromName("gelu_10"), std::nullopt);
  EXPECT_EQ(ActivationFromName("GELU"), std::nullopt);
  EXPECT_EQ(ActivationFromName(""), std::nullopt);
}

}  // namespace
}  // namespace pellucid::kernels
