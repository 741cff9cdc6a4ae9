// Frequencies beside those of transformers 5.23 (modeling_rope_utils, float32,
// LlamaConfig of heads of 16): a float32 of the same size may differ in its
// last bits where a power or a blend is rounded once more or less.
#include "model/rope_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace pellucid {
namespace {

using ::testing::Each;

constexpr double kFewRoundings = 4 * 0x1p-23;

void ExpectClose(const std::vector<float>& ours,
                 const std::vector<double>& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_NEAR(double{ours[i]} / theirs[i], 1, kFewRoundings) << i;
  }
}

TEST(RopeSpecTest, YarnIsTransformers) {
  RopeSpec rope = PlainRope(10000, 16);
  StretchYarn(10000, {.factor = 4, .original_context = 32}, rope);
  ExpectClose(rope.inv_freq,
              {0x1p+0, 0x1.94c584p-3, 0x1.99999ap-6, 0x1.030dc6p-7,
               0x1.47ae14p-9, 0x1.9e7c7p-11, 0x1.0624dep-12, 0x1.4b96cp-14});
  EXPECT_NEAR(YarnMagnitude(4), 1.138629436111989, 1e-12);

  RopeSpec soft = PlainRope(10000, 16);
  StretchYarn(10000,
              {.factor = 4,
               .beta_fast = 16,
               .beta_slow = 2,
               .original_context = 32,
               .truncate = false},
              soft);
  ExpectClose(soft.inv_freq,
              {0x1p+0, 0x1.43d136p-4, 0x1.99999ap-6, 0x1.030dc6p-7,
               0x1.47ae14p-9, 0x1.9e7c7p-11, 0x1.0624dep-12, 0x1.4b96cp-14});
  EXPECT_NEAR(YarnMagnitude(4, 0.7) / YarnMagnitude(4, 0.5), 1.0259286501478284,
              1e-12);
  EXPECT_EQ(YarnMagnitude(1), 1);
}

TEST(RopeSpecTest, LongFactorsServeLongSequences) {
  const std::vector<float> few = {1, 1.5f, 2, 2.5f, 3, 3.5f, 4, 4.5f};
  std::vector<float> many = few;
  for (float& f : many) f *= 2;
  RopeSpec rope = PlainRope(10000, 16);
  StretchLong(10000, few, many, 32, rope);
  ExpectClose(rope.FrequenciesFor(32),
              {0x1p+0, 0x1.afc19cp-3, 0x1.99999ap-5, 0x1.9e7c7p-7,
               0x1.b4e81cp-9, 0x1.d9b2c8p-11, 0x1.0624dep-12, 0x1.26bee2p-14});
  ExpectClose(rope.FrequenciesFor(33),
              {0x1p-1, 0x1.afc19cp-4, 0x1.99999ap-6, 0x1.9e7c7p-8,
               0x1.b4e81cp-10, 0x1.d9b2c8p-12, 0x1.0624dep-13, 0x1.26bee2p-15});
  EXPECT_NEAR(LongMagnitude(4, 32), 1.1832159566199232, 1e-12);
  EXPECT_EQ(LongMagnitude(0.5, 32), 1);
  EXPECT_TRUE(rope.SameTable(1, 32));
  EXPECT_FALSE(rope.SameTable(32, 33));
  EXPECT_TRUE(rope.SameTable(33, 1000));
}

TEST(RopeSpecTest, DynamicGrowsWithTheSequence) {
  RopeSpec rope = PlainRope(10000, 16);
  StretchDynamic(10000, 2, 128, rope);
  EXPECT_EQ(rope.FrequenciesFor(128), rope.inv_freq);
  ExpectClose(rope.FrequenciesFor(200),
              {0x1p+0, 0x1.22c284p-2, 0x1.4a3d46p-4, 0x1.771454p-6,
               0x1.aa0208p-8, 0x1.e3d9fcp-10, 0x1.12c64ap-11, 0x1.381568p-13});
  EXPECT_TRUE(rope.SameTable(3, 128));
  EXPECT_FALSE(rope.SameTable(128, 129));
  EXPECT_FALSE(rope.SameTable(200, 201));
  EXPECT_TRUE(PlainRope(10000, 16).SameTable(1, 1 << 20));
}

TEST(RopeSpecTest, OneDivisorOrOneEach) {
  RopeSpec rope = PlainRope(10000, 4);
  DivideFrequencies(std::vector<float>{4}, rope);
  EXPECT_EQ(rope.inv_freq, (std::vector<float>{0.25f, 0.0025f}));
  DivideFrequencies(std::vector<float>{1, 2}, rope);
  EXPECT_EQ(rope.inv_freq, (std::vector<float>{0.25f, 0.00125f}));
}

// Llama 3.1: short wavelengths stay, long ones are divided by the factor, and
// six of 64 frequencies lie between.
TEST(RopeSpecTest, Llama3DivisorsRiseFromOneToTheFactor) {
  const std::vector<float> inv_freq = kernels::InverseFrequencies(500000, 128);
  const Llama3Scaling scaling{8, 1, 4, 8192};
  const std::vector<float> divisors = Llama3Divisors(inv_freq, scaling);
  ASSERT_EQ(divisors.size(), 64u);
  EXPECT_THAT(std::vector(divisors.begin(), divisors.begin() + 29), Each(1.0f));
  EXPECT_THAT(std::vector(divisors.begin() + 35, divisors.end()), Each(8.0f));
  for (std::size_t i = 29; i < 35; ++i) {
    EXPECT_GT(divisors[i], divisors[i - 1]) << i;
    EXPECT_LT(divisors[i], 8.0f) << i;
  }
}

// Hugging Face blends the frequency and its scaled self; so does the divisor.
TEST(RopeSpecTest, ADivisorBetweenIsHuggingFacesBlend) {
  const std::vector<float> inv_freq = kernels::InverseFrequencies(500000, 128);
  const std::vector<float> divisors = Llama3Divisors(inv_freq, {8, 1, 4, 8192});
  for (std::size_t i = 29; i < 35; ++i) {
    const double frequency = inv_freq[i];
    const double wavelength = 6.283185307179586 / frequency;
    const double smooth = (8192 / wavelength - 1) / 3;
    const double blend = (1 - smooth) * frequency / 8 + smooth * frequency;
    // Some ten roundings to float32 of numbers of the same size.
    EXPECT_NEAR(frequency / divisors[i] / blend, 1, 10 * 0x1p-24) << i;
  }
}

}  // namespace
}  // namespace pellucid
