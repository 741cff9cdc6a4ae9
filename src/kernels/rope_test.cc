#include "kernels/rope.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/rope.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

TEST(InverseFrequencies, AreTheNearestFloatsOfRoundPowers) {
  EXPECT_EQ(InverseFrequencies(10000.0, 8),
            (std::vector<float>{1.0f, 0.1f, 0.01f, 0.001f}));
  EXPECT_TRUE(InverseFrequencies(10000.0, 0).empty());
}

// torch 2.15: 1 / (1e5 ** (arange(0, 64, 2).float() / 64)).
TEST(InverseFrequencies, EqualTorchsForTheDefaultModel) {
  const std::vector<std::uint32_t> torch = {
      0x3f800000, 0x3f32a506, 0x3ef953cf, 0x3eadfcff, 0x3e72d423, 0x3e297409,
      0x3dec7fd6, 0x3da50956, 0x3d6655c2, 0x3d20bc1d, 0x3ce054d2, 0x3c9c8b97,
      0x3c5a7bf2, 0x3c187705, 0x3bd4ca15, 0x3b947dae, 0x3b4f3e38, 0x3b109edb,
      0x3ac9d75c, 0x3a8cd9db, 0x3a44948c, 0x3a092e02, 0x39bf74d7, 0x39859aa9,
      0x393a7753, 0x39021f2b, 0x38b59b1b, 0x387d75d4, 0x3830df52, 0x37f6da96,
      0x37ac431d, 0x37706b6d,
  };
  EXPECT_EQ(Bits(InverseFrequencies(100000.0, 64)), torch);
}

// The nearest float of a number in [-1, 1] is within 2^-25 of it; long double
// and SinCos64 add less than 2^-50.
TEST(RopeTable, HoldsTheCosineAndSineOfRoundedAngles) {
  const auto inv_freq = InverseFrequencies(10000.0, 32);
  constexpr std::size_t kPositions = 300;
  const RopeTable table = RopeTable::Make(inv_freq, kPositions);
  ASSERT_EQ(table.half, 16u);
  ASSERT_EQ(table.cos.size(), kPositions * 16);
  ASSERT_EQ(table.sin.size(), kPositions * 16);
  for (std::size_t t = 0; t < kPositions; ++t) {
    for (std::size_t i = 0; i < 16; ++i) {
      const float angle = static_cast<float>(t) * inv_freq[i];
      const auto wide = static_cast<long double>(angle);
      const double tolerance = 0x1p-25 + 0x1p-50;
      EXPECT_NEAR(table.cos[t * 16 + i], static_cast<double>(std::cos(wide)),
                  tolerance);
      EXPECT_NEAR(table.sin[t * 16 + i], static_cast<double>(std::sin(wide)),
                  tolerance);
    }
  }
}

class RopeTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(RopeTest);

TEST_P(RopeTest, EqualsReferenceForEveryTailLength) {
  constexpr std::size_t kTokens = 3, kHeads = 2, kFirst = 5, kPass = 3;
  for (std::size_t i = 2; i <= 73; ++i) {
    const std::size_t half = i / 2;
    SCOPED_TRACE(::testing::Message() << "half=" << half << ", i=" << i);
    const auto inv_freq = InverseFrequencies(10000.0, 2 * half);
    RopeTable table;
    table.pairs = i % 2 == 0 ? RopePairs::kHalves : RopePairs::kAdjacent;
    table.scale = 1.25f;
    table.Append(inv_freq, 0, kFirst + kTokens);
    const std::size_t head_dim = 2 * half + kPass;
    const std::size_t cols = kHeads * head_dim, stride = cols + 2;
    auto x = testutil::Noise(kTokens * stride, /*seed=*/half);
    for (float& v : x) v *= 100.0f;
    auto plain = x;
    ApplyRope(table, kFirst, head_dim, {x.data(), kTokens, cols, stride});
    reference::ApplyRope(table, kFirst, head_dim,
                         {plain.data(), kTokens, cols, stride});
    EXPECT_EQ(Bits(x), Bits(plain));
  }
}

TEST_P(RopeTest, RotatesHalvesByThePositionsAngle) {
  // One frequency, 1: token t turns (x, y) by t radians.
  const RopeTable table = RopeTable::Make(std::vector<float>{1.0f}, 4);
  std::vector<float> x = {3, 4, 5, 3, 4, 5};  // two tokens, third dim passes
  ApplyRope(table, /*first_position=*/2, /*head_dim=*/3, {x.data(), 2, 3});
  for (std::size_t t = 0; t < 2; ++t) {
    const double angle = 2.0 + static_cast<double>(t);
    // Three roundings of numbers up to 5, each by 2^-24 of it.
    EXPECT_NEAR(x[3 * t], 3 * std::cos(angle) - 4 * std::sin(angle), 15e-7);
    EXPECT_NEAR(x[3 * t + 1], 4 * std::cos(angle) + 3 * std::sin(angle), 15e-7);
    EXPECT_EQ(x[3 * t + 2], 5.0f);
  }
}

// The same rotation of features that lie otherwise, and longer by the scale.
TEST_P(RopeTest, AdjacentPairsAreHalvesInAnotherOrder) {
  const auto inv_freq = InverseFrequencies(10000.0, 22);
  RopeTable halves = RopeTable::Make(inv_freq, 4), adjacent;
  adjacent.pairs = RopePairs::kAdjacent;
  adjacent.Append(inv_freq, 0, 4);
  auto x = testutil::Noise(22, 3);
  std::vector<float> apart(22);
  for (std::size_t i = 0; i < 22; ++i) apart[i % 2 * 11 + i / 2] = x[i];
  ApplyRope(adjacent, 3, 22, {x.data(), 1, 22});
  ApplyRope(halves, 3, 22, {apart.data(), 1, 22});
  for (std::size_t i = 0; i < 22; ++i) {
    EXPECT_EQ(x[i], apart[i % 2 * 11 + i / 2]) << i;
  }
  RopeTable longer;
  longer.scale = 2;
  longer.Append(inv_freq, 3, 1);
  EXPECT_EQ(longer.cos[5], 2 * halves.cos[3 * 11 + 5]);
  EXPECT_EQ(longer.sin[5], 2 * halves.sin[3 * 11 + 5]);
}

TEST_P(RopeTest, PositionZeroChangesNothing) {
  const auto inv_freq = InverseFrequencies(10000.0, 64);
  const RopeTable table = RopeTable::Make(inv_freq, 1);
  const auto before = testutil::Noise(128, /*seed=*/9);
  auto x = before;
  ApplyRope(table, 0, 64, {x.data(), 1, 128});
  EXPECT_EQ(x, before);
}

TEST_P(RopeTest, AdjointEqualsReferenceAndTurnsBack) {
  constexpr std::size_t kTokens = 3, kHeads = 2, kPass = 3;
  for (std::size_t i = 2; i <= 73; ++i) {
    const std::size_t half = i / 2, head_dim = 2 * half + kPass;
    SCOPED_TRACE(::testing::Message() << "half=" << half << ", i=" << i);
    RopeTable table;
    table.pairs = i % 2 == 0 ? RopePairs::kHalves : RopePairs::kAdjacent;
    table.Append(InverseFrequencies(10000.0, 2 * half), 4, kTokens);
    const std::size_t cols = kHeads * head_dim;
    const auto x = testutil::Noise(kTokens * cols, /*seed=*/half);
    auto turned = x, plain = x;
    ApplyRopeAdjoint(table, 0, head_dim, {turned.data(), kTokens, cols});
    reference::ApplyRopeAdjoint(table, 0, head_dim,
                                {plain.data(), kTokens, cols});
    EXPECT_EQ(Bits(turned), Bits(plain));
    // Cosine and sine of one angle, each rounded: their squares sum to 1 but
    // for 2^-23, and four more roundings come in.
    ApplyRope(table, 0, head_dim, {turned.data(), kTokens, cols});
    for (std::size_t k = 0; k < x.size(); ++k) {
      EXPECT_NEAR(turned[k], x[k], 6 * 0x1p-23);
    }
  }
}

}  // namespace
}  // namespace pellucid::kernels
