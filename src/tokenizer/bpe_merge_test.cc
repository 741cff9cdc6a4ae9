#include "tokenizer/bpe_merge.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using Ids = std::vector<TokenId>;

Ids Merged(const MergeTable& table, Ids symbols) {
  Ids out;
  MergeSymbols(table, symbols, out);
  return out;
}

TEST(BpeMergeTest, ByRankThenFromTheLeft) {
  MergeTable table(2);
  table.Set(0, 0, {1, 2});
  table.Set(0, 1, {0, 3});
  EXPECT_THAT(Merged(table, {0, 0, 0}), ElementsAre(2, 0));
  EXPECT_THAT(Merged(table, {0, 0, 1}), ElementsAre(0, 3));
  EXPECT_THAT(Merged(table, {}), ElementsAre());
  EXPECT_THAT(Merged(table, {7}), ElementsAre(7));
}

// On both sides of the limit between scan and heap the same rows come out of a
// row and of itself with a symbol behind that merges with nothing.
TEST(BpeMergeTest, ScanAndHeapAgree) {
  MergeTable table(64);
  testutil::Random random(/*seed=*/21);
  TokenId next = 3;
  for (std::uint32_t rank = 0; rank < 60; ++rank) {
    const auto left =
        static_cast<TokenId>(random.Below(static_cast<std::uint64_t>(next)));
    const auto right =
        static_cast<TokenId>(random.Below(static_cast<std::uint64_t>(next)));
    table.Set(left, right, {rank, next++});
  }
  for (int round = 0; round < 100; ++round) {
    Ids symbols;
    while (symbols.size() < 64) {
      symbols.push_back(static_cast<TokenId>(random.Below(3)));
    }
    Ids expected = Merged(table, symbols);
    expected.push_back(1000);
    symbols.push_back(1000);
    EXPECT_EQ(Merged(table, symbols), expected);
  }
}

}  // namespace
}  // namespace pellucid
