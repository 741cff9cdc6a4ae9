#include "tokenizer/merge_table.h"

#include <vector>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

TEST(MergeTableTest, FindsWhatWasSet) {
  constexpr TokenId kCount = 3000;
  MergeTable table(kCount);
  for (TokenId i = 0; i < kCount; ++i) {
    table.Set(i, i / 7, {static_cast<std::uint32_t>(i), i + 1});
  }
  for (TokenId i = 0; i < kCount; ++i) {
    const Merge* merge = table.Find(i, i / 7);
    ASSERT_NE(merge, nullptr);
    EXPECT_EQ(merge->rank, static_cast<std::uint32_t>(i));
    EXPECT_EQ(merge->result, i + 1);
    EXPECT_EQ(table.Find(i, i / 7 + 1), nullptr);
  }
}

TEST(MergeTableTest, ALaterMergeOfAPairOverrides) {
  MergeTable table(2);
  table.Set(1, 2, {.rank = 0, .result = 3});
  table.Set(1, 2, {.rank = 1, .result = 4});
  ASSERT_NE(table.Find(1, 2), nullptr);
  EXPECT_EQ(table.Find(1, 2)->rank, 1U);
  EXPECT_EQ(table.Find(1, 2)->result, 4);
  EXPECT_EQ(table.Find(2, 1), nullptr);
}

TEST(MergeTableTest, OfMergesInOrder) {
  std::vector<MergeIds> merges;
  for (TokenId i = 0; i < 100; ++i) merges.push_back({i, 2 * i, i + 7});
  merges.push_back({5, 10, 99});
  const MergeTable table(merges);
  EXPECT_EQ(table.Find(6, 12)->rank, 6U);
  EXPECT_EQ(table.Find(6, 12)->result, 13);
  EXPECT_EQ(table.Find(99, 198)->rank, 99U);
  EXPECT_EQ(table.Find(5, 10)->rank, 100U);
  EXPECT_EQ(table.Find(5, 10)->result, 99);
  EXPECT_EQ(table.Find(5, 11), nullptr);
}

TEST(MergeTableTest, MayBeEmpty) {
  EXPECT_EQ(MergeTable(0).Find(0, 0), nullptr);
}

}  // namespace
}  // namespace pellucid
