#include "trace/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/modules.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PlanTest : public ::testing::Test {
 protected:
  Result<Plan> Make(std::vector<std::string> sites) const {
    return Plan::Make(table_, sites);
  }
  static std::vector<std::string> NamesOf(const Plan& plan, SiteKey key) {
    std::vector<std::string> names;
    for (const auto& recording : plan.RecordingsOf(key)) {
      names.push_back(recording.name);
    }
    return names;
  }

  SiteTable table_{testutil::TinyModules(), testutil::TinySizes()};
};

TEST_F(PlanTest, ExactNamesAreStoredAsAskedFor) {
  const Plan plan =
      Make({"blocks.1.hook_resid_post", "model.layers.1"}).value();
  EXPECT_THAT(NamesOf(plan, {Point::kResidPost, 1}),
              ElementsAre("blocks.1.hook_resid_post", "model.layers.1"));
  EXPECT_THAT(NamesOf(plan, {Point::kResidPost, 0}), IsEmpty());
}

TEST_F(PlanTest, PatternsStoreCanonicalNamesOnce) {
  const Plan plan =
      Make({"blocks.*.hook_resid_post", "model.layers.*"}).value();
  EXPECT_THAT(NamesOf(plan, {Point::kResidPost, 0}),
              ElementsAre("model.layers.0"));
  EXPECT_THAT(NamesOf(plan, {Point::kResidPost, 1}),
              ElementsAre("model.layers.1"));
}

TEST_F(PlanTest, AnEmptyPlanWantsNothing) {
  const Plan plan = Make({}).value();
  for (const Site& site : table_.sites()) EXPECT_FALSE(plan.Wants(site.key));
}

TEST_F(PlanTest, CountsWhatItRecords) {
  EXPECT_EQ(Make({})->Numbers(table_, 7), 0u);
  // [7, 6] under two names, and [2, 7, 7].
  const Plan plan = Make({"blocks.1.hook_resid_post", "model.layers.1",
                          "model.layers.0.self_attn.pattern"})
                        .value();
  EXPECT_EQ(plan.Numbers(table_, 7), 2u * 7 * 6 + 2 * 7 * 7);
  // Per head: [3, 2, 3].
  EXPECT_EQ(Make({"model.layers.0.self_attn.z"})->Numbers(table_, 3), 18u);
}

TEST_F(PlanTest, AHeadIsSomeColumnsOfItsPoint) {
  const SiteTable table(testutil::ModulesWithHeads(), testutil::TinySizes());
  const std::vector<std::string> sites = {"model.layers.0.*.q_norm.norms.*"};
  const Plan plan = Plan::Make(table, sites).value();
  const auto recordings = plan.RecordingsOf({Point::kQueryNorm, 0});
  ASSERT_EQ(recordings.size(), 2u);
  EXPECT_EQ(recordings[1].name, "model.layers.0.self_attn.q_norm.norms.1");
  EXPECT_EQ(recordings[1].first_column, 3u);
  EXPECT_THAT(recordings[1].shape, ElementsAre(3u));
  EXPECT_EQ(plan.Numbers(table, 7), 2u * 7 * 3);
}

TEST_F(PlanTest, OneUnknownNameFailsTheWholePlan) {
  const auto plan = Make({"model.layers.0", "model.layer.0"});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace pellucid
