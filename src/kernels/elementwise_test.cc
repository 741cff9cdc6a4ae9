#include "kernels/elementwise.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/elementwise.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLeast = std::numeric_limits<float>::denorm_min();

class ElementwiseTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(ElementwiseTest);

// Noise of all sizes that activations have, and the awkward numbers.
std::vector<float> Awkward(std::size_t count, std::uint64_t seed) {
  const float scales[] = {1.0f, 22517.0f, 1e-3f, 1e-38f, 1e-44f, 90.0f};
  const float special[] = {0.0f, -0.0f, kLeast, -kLeast, 3e38f, -3e38f};
  testutil::Random random(seed);
  std::vector<float> x(count);
  for (float& v : x) {
    v = random.Below(5) == 0 ? special[random.Below(6)]
                             : random.Uniform() * scales[random.Below(6)];
  }
  return x;
}

TEST_P(ElementwiseTest, EqualsReferenceForEveryTailLength) {
  for (std::size_t count = 0; count <= 67; ++count) {
    SCOPED_TRACE(::testing::Message() << "count=" << count);
    const auto a = Awkward(count, 1), b = Awkward(count, 2);
    std::vector<float> out(count), plain(count);
    Add(a, b, out);
    reference::Add(a, b, plain);
    EXPECT_EQ(Bits(out), Bits(plain));
    Multiply(a, b, out);
    reference::Multiply(a, b, plain);
    EXPECT_EQ(Bits(out), Bits(plain));
    Silu(a, out);
    reference::Silu(a, plain);
    EXPECT_EQ(Bits(out), Bits(plain));
  }
}

TEST_P(ElementwiseTest, AnInputMayBeTheOutput) {
  const auto a = Awkward(45, 3), b = Awkward(45, 4);
  std::vector<float> apart(45), in_place = a;
  Add(a, b, apart);
  Add(in_place, b, in_place);
  EXPECT_EQ(Bits(in_place), Bits(apart));
  in_place = b;
  Multiply(a, b, apart);
  Multiply(a, in_place, in_place);
  EXPECT_EQ(Bits(in_place), Bits(apart));
  in_place = a;
  Silu(a, apart);
  Silu(in_place, in_place);
  EXPECT_EQ(Bits(in_place), Bits(apart));
}

// Exp is off by 1 ULP at most, the addition and the division by half of one
// each: 2 ULP of 2^-23. Below -88.7 exp(-x) overflows and the result is 0 where
// the true value is at most 88.8 * 2^-128.
TEST_P(ElementwiseTest, SiluIsXTimesTheSigmoid) {
  std::vector<float> x, out;
  for (int i = -1200; i <= 1200; ++i) x.push_back(static_cast<float>(i) / 8);
  out.resize(x.size());
  Silu(x, out);
  for (std::size_t k = 0; k < x.size(); ++k) {
    const double wide = x[k];
    const double exact = wide / (1 + std::exp(-wide));
    EXPECT_NEAR(out[k], exact, std::abs(exact) * 0x1p-22 + 0x1p-121) << x[k];
  }
}

TEST_P(ElementwiseTest, SiluAtTheEnds) {
  const std::vector<float> x = {1e30f, -1e30f, kInfinity, 0.0f, -0.0f};
  std::vector<float> out(x.size());
  Silu(x, out);
  EXPECT_EQ(Bits(out),
            Bits(std::vector<float>{1e30f, -0.0f, kInfinity, 0.0f, -0.0f}));
}

TEST_P(ElementwiseTest, FirstNonFiniteFindsEachPlaceAndKind) {
  for (std::size_t count = 0; count <= 150; count += 3) {
    const auto x = Awkward(count, 5);
    EXPECT_EQ(FirstNonFinite(x), count);
    for (std::size_t at = 0; at < count; ++at) {
      for (const float bad : {kInfinity, -kInfinity, std::nanf("")}) {
        auto spoilt = x;
        spoilt[at] = bad;
        spoilt[count - 1] = bad;
        ASSERT_EQ(FirstNonFinite(spoilt), at) << "of " << count;
      }
    }
  }
}

}  // namespace
}  // namespace pellucid::kernels
