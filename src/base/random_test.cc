#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace pellucid {
namespace {

// The vectors that the authors of Philox publish with it (kat_vectors of
// Random123).
TEST(RandomTest, PhiloxGivesThePublishedNumbers) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(Philox({0, 0, 0, 0}, 0),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                   0xffffffffffffffff),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                   0x299f31d0a4093822),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomTest, UniformNumbersLieStrictlyBetweenTheEnds) {
  double least = 1, most = 0, sum = 0;
  constexpr int kCount = 20000;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    for (const double u : PhiloxUniform({i, 1, 2, 3}, 7)) {
      least = std::min(least, u);
      most = std::max(most, u);
      sum += u;
    }
  }
  EXPECT_GT(least, 0);
  EXPECT_LT(most, 1);
  EXPECT_NEAR(sum / (2 * kCount), 0.5, 5e-3);
}

// Values of Python 3.11's statistics.NormalDist().inv_cdf.
TEST(RandomTest, QuantilesAreThoseOfTheNormalDistribution) {
  struct Case {
    double p, quantile;
  };
  for (const auto& [p, quantile] :
       {Case{1e-300, -37.0470962993612}, Case{1e-20, -9.262340089798405},
        Case{1.1102230246251565e-16, -8.209536151601386},
        Case{1e-09, -5.9978070150076865}, Case{1e-05, -4.2648907939228256},
        Case{0.001, -3.090232306167813}, Case{0.02, -2.0537489106318225},
        Case{0.0749, -1.4402382675279632}, Case{0.076, -1.4325027208258114},
        Case{0.3, -0.5244005127080407}, Case{0.5, 0.0},
        Case{0.55, 0.12566134685507413}, Case{0.7, 0.5244005127080407},
        Case{0.9, 1.2815515655446008}, Case{0.925, 1.439531470938456},
        Case{0.93, 1.4757910281791708}, Case{0.99, 2.3263478740408408},
        Case{0.9999, 3.7190164854557084},
        Case{0.999999999, 5.997807019601638}}) {
    const double got = NormalQuantile(p);
    EXPECT_NEAR(got, quantile, 4e-15 * std::fabs(quantile)) << p;
  }
}

TEST(RandomTest, QuantilesRiseAndAreOdd) {
  double before = NormalQuantile(0x1p-53);
  for (int i = 1; i < 1000; ++i) {
    const double p = i / 1000.0;
    const double now = NormalQuantile(p);
    EXPECT_LT(before, now) << p;
    EXPECT_NEAR(now, -NormalQuantile(1 - p), 1e-13);
    before = now;
  }
}

}  // namespace
}  // namespace pellucid
