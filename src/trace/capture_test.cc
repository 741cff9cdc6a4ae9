#include "trace/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "testutil/modules.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;

// Two prompts of two and one tokens, packed.
class CaptureTest : public ::testing::Test {
 protected:
  SiteTable table_{testutil::TinyModules(), testutil::TinySizes()};
  std::vector<std::size_t> offsets_{0, 2, 3};
};

TEST_F(CaptureTest, SplitsPackedTokensByPrompt) {
  const std::vector<std::string> sites = {"model.layers.0"};
  const Plan plan = Plan::Make(table_, sites).value();
  Capture capture(plan, table_, offsets_);
  std::vector<float> values(3 * 6);
  std::iota(values.begin(), values.end(), 0.0f);
  capture.Visit({Point::kResidPost, 0}, {values.data(), 3, 6});
  const std::vector<Trace> traces = capture.Take();
  ASSERT_EQ(traces.size(), 2u);
  const Tensor* first = traces[0].Find("model.layers.0");
  const Tensor* second = traces[1].Find("model.layers.0");
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_THAT(first->shape, ElementsAre(2u, 6u));
  EXPECT_THAT(second->shape, ElementsAre(1u, 6u));
  EXPECT_THAT(second->data, ElementsAre(12, 13, 14, 15, 16, 17));
}

TEST_F(CaptureTest, PerHeadSitesHaveAnAxisForHeads) {
  const std::vector<std::string> sites = {"blocks.1.attn.hook_z"};
  const Plan plan = Plan::Make(table_, sites).value();
  Capture capture(plan, table_, offsets_);
  const std::vector<float> values(3 * 6, 1.0f);
  capture.Visit({Point::kZ, 1}, {values.data(), 3, 6});
  EXPECT_THAT(capture.Take()[0].Find("blocks.1.attn.hook_z")->shape,
              ElementsAre(2u, 2u, 3u));
}

TEST_F(CaptureTest, AHeadsSiteHoldsItsColumns) {
  const SiteTable table(testutil::ModulesWithHeads(), testutil::TinySizes());
  const std::vector<std::string> sites = {
      "model.layers.0.self_attn.q_norm.norms.1"};
  const Plan plan = Plan::Make(table, sites).value();
  Capture capture(plan, table, offsets_);
  std::vector<float> values(3 * 6);
  std::iota(values.begin(), values.end(), 0.0f);
  capture.Visit({Point::kQueryNorm, 0}, {values.data(), 3, 6});
  const std::vector<Trace> traces = capture.Take();
  EXPECT_THAT(traces[0].Find(sites[0])->shape, ElementsAre(2u, 3u));
  EXPECT_THAT(traces[0].Find(sites[0])->data, ElementsAre(3, 4, 5, 9, 10, 11));
  EXPECT_THAT(traces[1].Find(sites[0])->data, ElementsAre(15, 16, 17));
}

TEST_F(CaptureTest, PutsBlocksOfAttentionRowsInTheirPlace) {
  const std::vector<std::string> sites = {"model.layers.0.self_attn.pattern"};
  const Plan plan = Plan::Make(table_, sites).value();
  Capture capture(plan, table_, offsets_);
  const float row[] = {0.25f, 0.75f};
  capture.VisitAttention({Point::kPattern, 0}, /*prompt=*/0, /*head=*/1,
                         /*first_query=*/1, {row, 1, 2});
  const std::vector<Trace> traces = capture.Take();
  const Tensor* pattern = traces[0].Find(sites[0]);
  ASSERT_NE(pattern, nullptr);
  EXPECT_THAT(pattern->shape, ElementsAre(2u, 2u, 2u));
  EXPECT_THAT(pattern->data, ElementsAre(0, 0, 0, 0, 0, 0, 0.25f, 0.75f));
  EXPECT_THAT(traces[1].Find(sites[0])->shape, ElementsAre(2u, 1u, 1u));
}

}  // namespace
}  // namespace pellucid
