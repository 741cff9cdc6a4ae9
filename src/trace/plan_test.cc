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

  SiteTable table_{testutil::TinyModules(), testutil::TinySizes()};
};

TEST_F(PlanTest, ExactNamesAreStoredAsAskedFor) {
  const Plan plan =
      Make({"blocks.1.hook_resid_post", "model.layers.1"}).value();
  EXPECT_THAT(plan.NamesOf({Point::kResidPost, 1}),
              ElementsAre("blocks.1.hook_resid_post", "model.layers.1"));
  EXPECT_THAT(plan.NamesOf({Point::kResidPost, 0}), IsEmpty());
}

TEST_F(PlanTest, PatternsStoreCanonicalNamesOnce) {
  const Plan plan =
      Make({"blocks.*.hook_resid_post", "model.layers.*"}).value();
  EXPECT_THAT(plan.NamesOf({Point::kResidPost, 0}),
              ElementsAre("model.layers.0"));
  EXPECT_THAT(plan.NamesOf({Point::kResidPost, 1}),
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

TEST_F(PlanTest, OneUnknownNameFailsTheWholePlan) {
  const auto plan = Make({"model.layers.0", "model.layer.0"});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace pellucid
