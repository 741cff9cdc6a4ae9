#include "tokenizer/text_budget.h"

#include "gtest/gtest.h"

namespace pellucid {
namespace {

TEST(TextBudgetTest, BytesAreSummed) {
  TextBudget budget(/*bytes=*/10);
  EXPECT_EQ(budget.normalized.most(), 160U + (1U << 20));
  budget.normalized.Add(100);
  budget.normalized.Add(20);
  EXPECT_EQ(budget.normalized.With(3), 123U);
  EXPECT_EQ(budget.pre_tokenized.With(3), 3U);
}

TEST(TextBudgetTest, LongTextsMeetTheLimitOfSymbols) {
  EXPECT_EQ(MaxMadeBytes(0), std::size_t{1} << 20);
  EXPECT_EQ(MaxMadeBytes(std::size_t{1} << 29), kMaxMadeBytes);
}

// The test ends, since the time of a budget does.
TEST(TextBudgetTest, TimeEnds) {
  TextBudget budget(/*bytes=*/0);
  EXPECT_FALSE(budget.IsLate());
  while (!budget.IsLate()) {
  }
  // Looked at again once every 16 times, it is still late.
  int late = 0;
  for (int i = 0; i < 32; ++i) late += budget.IsLate() ? 1 : 0;
  EXPECT_EQ(late, 2);
}

}  // namespace
}  // namespace pellucid
