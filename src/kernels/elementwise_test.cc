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
  }
}

TEST_P(ElementwiseTest, ExpLessEqualsReferenceForEveryTailLength) {
  for (std::size_t count = 0; count <= 67; ++count) {
    const auto x = Awkward(count, 6);
    std::vector<float> out(count), plain(count);
    for (const float shift : {0.0f, 17.5f, -80.0f}) {
      ExpLess(x, shift, out);
      reference::ExpLess(x, shift, plain);
      EXPECT_EQ(Bits(out), Bits(plain)) << "count " << count;
    }
  }
  std::vector<float> in_place = {1, 2, 3};
  ExpLess(in_place, 3, in_place);
  EXPECT_EQ(in_place[2], 1.0f);
  EXPECT_NEAR(in_place[0], std::exp(-2.0), 1e-7);
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
