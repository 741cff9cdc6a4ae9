#include "tokenizer/char_pairs.h"

#include <vector>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

TEST(CharPairsTest, PairsOfTokensAndHardlyOthers) {
  const std::vector<std::string_view> texts = {"ab", "b\u2581c", "d",
                                               "\xff\xfe", "\u00e9\u6771"};
  const CharPairs pairs{Vocabulary(texts)};
  EXPECT_TRUE(pairs.MayStand('a', 'b'));
  EXPECT_TRUE(pairs.MayStand('b', 0x2581));
  EXPECT_TRUE(pairs.MayStand(0x2581, 'c'));
  EXPECT_TRUE(pairs.MayStand(0xe9, 0x6771));
  int others = 0;
  for (char32_t left = 'a'; left <= 'z'; ++left) {
    for (char32_t right = 'a'; right <= 'z'; ++right) {
      if (left == 'a' && right == 'b') continue;
      others += pairs.MayStand(left, right) ? 1 : 0;
    }
  }
  EXPECT_EQ(others, 0);
}

}  // namespace
}  // namespace pellucid
