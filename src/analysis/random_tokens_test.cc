#include "analysis/random_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// From tools/goldens/philox.py.
TEST(RandomTokensTest, SeedAndSequenceDecideThem) {
  const RandomTokensSpec spec{.count = 5, .seed = 42, .candidates = 49152};
  EXPECT_THAT(DrawTokens(spec, 0).value(),
              ElementsAre(46147, 40850, 42642, 12421, 22482));
  EXPECT_THAT(DrawTokens(spec, 1).value(),
              ElementsAre(27955, 19724, 1654, 19579, 29147));
}

TEST(RandomTokensTest, NoTokenComesTwiceAndNoneThatIsLeftOut) {
  const RandomTokensSpec spec{
      .count = 90, .seed = 7, .candidates = 100, .left_out = [](TokenId id) {
        return id < 10;
      }};
  std::vector<TokenId> drawn = DrawTokens(spec, 0).value();
  std::ranges::sort(drawn);
  std::vector<TokenId> all(90);
  std::iota(all.begin(), all.end(), 10);
  EXPECT_EQ(drawn, all);
}

// Of 20,000 draws from 8 ids each comes 2,500 times, give or take 5 standard
// deviations of 47.
TEST(RandomTokensTest, EveryTokenIsDrawnEvenly) {
  std::vector<int> times(8);
  for (std::size_t sequence = 0; sequence < 20000; ++sequence) {
    const RandomTokensSpec spec{.count = 1, .seed = 1, .candidates = 8};
    ++times[static_cast<std::size_t>(
        DrawTokens(spec, sequence).value().front())];
  }
  for (const int count : times) EXPECT_NEAR(count, 2500, 235);
}

TEST(RandomTokensTest, TooFewIdsAreAnErrorThatCountsThem) {
  const auto drawn = DrawTokens({.count = 9,
                                 .seed = 0,
                                 .candidates = 10,
                                 .left_out = [](TokenId id) { return id < 2; }},
                                0);
  ASSERT_FALSE(drawn.ok());
  EXPECT_EQ(drawn.error().code, ErrorCode::kUsage);
  EXPECT_THAT(drawn.error().message,
              HasSubstr("9 different tokens are wanted, but it has 8"));
}

}  // namespace
}  // namespace pellucid
