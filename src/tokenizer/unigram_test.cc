#include "tokenizer/unigram.h"

#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using Ids = std::vector<TokenId>;
using Views = std::vector<std::string_view>;

Ids Encode(const Unigram& unigram, std::string_view piece) {
  Ids ids;
  EXPECT_TRUE(unigram.Encode(piece, ids));
  return ids;
}

TEST(UnigramTest, TheHighestSumWins) {
  const Unigram unigram(Vocabulary(Views{"a", "b", "ab", "abc", "c"}),
                        {-1, -1, -1.5, -9, -2}, {});
  EXPECT_THAT(Encode(unigram, "ab"), ElementsAre(2));
  EXPECT_THAT(Encode(unigram, "abc"), ElementsAre(2, 4));
  EXPECT_THAT(Encode(unigram, "ba"), ElementsAre(1, 0));
}

// Every way to cut a text, the sums compared.
TEST(UnigramTest, EqualsTheSearchOfAllWays) {
  const Views tokens = {"a", "b", "aa", "ab", "ba", "aba", "bbb"};
  const std::vector<double> scores = {-1.1, -1.3, -1.9, -2.25,
                                      -2.3, -3.3, -3.7};
  const Unigram unigram(Vocabulary(tokens), scores, {});
  testutil::Random random(/*seed=*/9);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    while (text.size() < 10) text += "ab"[random.Below(2)];
    double best = -std::numeric_limits<double>::infinity();
    for (unsigned cuts = 0; cuts < 1U << (text.size() - 1); ++cuts) {
      double sum = 0;
      std::size_t begin = 0;
      for (std::size_t i = 1; i <= text.size(); ++i) {
        if (i < text.size() && (cuts >> (i - 1) & 1) == 0) continue;
        const auto found = std::find(tokens.begin(), tokens.end(),
                                     text.substr(begin, i - begin));
        if (found == tokens.end()) {
          sum = -std::numeric_limits<double>::infinity();
          break;
        }
        sum += scores[static_cast<std::size_t>(found - tokens.begin())];
        begin = i;
      }
      best = std::max(best, sum);
    }
    double sum = 0;
    std::string joined;
    for (const TokenId id : Encode(unigram, text)) {
      sum += scores[static_cast<std::size_t>(id)];
      joined += tokens[static_cast<std::size_t>(id)];
    }
    EXPECT_EQ(joined, text);
    EXPECT_DOUBLE_EQ(sum, best) << text;
  }
}

TEST(UnigramTest, UnknownNeighboursAreOneToken) {
  const Unigram unigram(Vocabulary(Views{"<unk>", "a"}), {0, -1},
                        {.unknown = 0});
  EXPECT_THAT(Encode(unigram, "\u00e9\u6771a!"), ElementsAre(0, 1, 0));
}

TEST(UnigramTest, UnknownBytesWhereAllHaveTokens) {
  const Unigram unigram(Vocabulary(Views{"<unk>", "<0xC3>", "<0xA9>"}),
                        {0, -1, -1}, {.unknown = 0, .byte_fallback = true});
  EXPECT_THAT(Encode(unigram, "\u00e9"), ElementsAre(1, 2));
  EXPECT_THAT(Encode(unigram, "\u00e9x"), ElementsAre(0));
}

TEST(UnigramTest, WithoutAnUnknownTokenItFails) {
  const Unigram unigram(Vocabulary(Views{"a"}), {-1}, {});
  Ids ids;
  EXPECT_FALSE(unigram.Encode("ab", ids));
}

}  // namespace
}  // namespace pellucid
