#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "pellucid/attention.h"
#include "testutil/compare.h"
#include "testutil/hf_goldens.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Model Gemma2() {
  return Model::Open(testutil::FamilyGoldenPath("gemma2_plain")).value();
}

TEST(AttentionPatternsTest, AreThoseThatATraceRecords) {
  const Model model = Gemma2();
  const std::vector<TokenId> ids = {3, 11, 7, 30, 3, 19, 8};
  const auto kept = ComputePatterns(
      model, ids,
      {.layers = Selection::Of({0, 2}), .heads = Selection::Of({3, 1})});
  ASSERT_TRUE(kept.ok()) << kept.error().message;
  EXPECT_THAT(kept->layers, ElementsAre(0, 2));
  EXPECT_THAT(kept->heads, ElementsAre(1, 3));
  EXPECT_EQ(kept->ids, ids);
  ASSERT_EQ(kept->patterns.size(), 4u);
  for (const HeadPattern& pattern : kept->patterns) {
    const std::string site =
        "blocks." + std::to_string(pattern.layer) + ".attn.hook_pattern";
    const Trace trace = model.Run(ids, {.sites = {site}}).value();
    Tensor of_head({ids.size(), ids.size()});
    std::ranges::copy(trace.Find(site)->Row(pattern.head),
                      of_head.data.begin());
    EXPECT_TRUE(testutil::SameBits(pattern.weights, of_head))
        << pattern.layer << " " << pattern.head;
  }
  EXPECT_EQ(kept->patterns[1].layer, 0u);
  EXPECT_EQ(kept->patterns[1].head, 3u);
}

// Windows of 4 in every other block.
TEST(AttentionPatternsTest, RowsSumToOneAndSeeNothingAhead) {
  const std::vector<TokenId> ids = {3, 11, 7, 30, 3, 19, 8, 9, 4};
  const auto kept = ComputePatterns(Gemma2(), ids);
  ASSERT_TRUE(kept.ok()) << kept.error().message;
  EXPECT_EQ(kept->patterns.size(), 12u);
  bool windows = false;
  for (const HeadPattern& pattern : kept->patterns) {
    for (std::size_t q = 0; q < ids.size(); ++q) {
      const auto row = pattern.weights.Row(q);
      // One rounding a key at most, and one for each division.
      EXPECT_NEAR(std::accumulate(row.begin(), row.end(), 0.0), 1, 1e-6);
      for (std::size_t k = q + 1; k < ids.size(); ++k) EXPECT_EQ(row[k], 0);
      windows |= q > 4 && row[0] == 0;
    }
  }
  EXPECT_TRUE(windows);
}

TEST(AttentionPatternsTest, TooManyBytesAreRefusedWithTheNumbers) {
  const std::vector<TokenId> ids = {3, 11, 7, 30};
  const auto kept = ComputePatterns(Gemma2(), ids, {.max_bytes = 12 * 64 - 1});
  ASSERT_FALSE(kept.ok());
  EXPECT_EQ(kept.error().code, ErrorCode::kUsage);
  EXPECT_THAT(kept.error().message, HasSubstr("12 heads of 4 x 4 weights"));
  EXPECT_TRUE(ComputePatterns(Gemma2(), ids, {.max_bytes = 12 * 64}).ok());
}

TEST(AttentionPatternsTest, HeadsThatAreNotThereAreRefused) {
  const std::vector<TokenId> ids = {3};
  const auto kept =
      ComputePatterns(Gemma2(), ids, {.heads = Selection::Of({4})});
  ASSERT_FALSE(kept.ok());
  EXPECT_EQ(kept.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace pellucid
