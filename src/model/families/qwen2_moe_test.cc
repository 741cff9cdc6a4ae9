#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(Qwen2MoeTest, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec =
      OpenEdited("qwen2_moe_plain", {{"norm_topk_prob", ""},
                                     {"decoder_sparse_step", ""},
                                     {"mlp_only_layers", "null"},
                                     {"num_experts_per_tok", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_FALSE(spec->experts.renormalise);
  EXPECT_EQ(spec->experts.n_active, 4u);
  EXPECT_TRUE(spec->layers[0].has_experts);
  EXPECT_EQ(spec->experts.d_shared, 21u);
}

// Every other block of the first ones.
TEST(Qwen2MoeTest, WindowsFollowTheClass) {
  const auto spec =
      OpenEdited("qwen2_moe_window", {{"max_window_layers", "1"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->layers[0].window, 4u);
  EXPECT_EQ(spec->layers[1].window, 0u);
  EXPECT_EQ(spec->layers[2].window, 0u);
}

TEST(Qwen2MoeTest, WhatCannotBeIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("qwen2_moe_plain", {{"num_experts_per_tok", "7"}}),
              HasSubstr("num_experts_per_tok: is 7 of 6"));
  EXPECT_THAT(ErrorOfEdited("qwen2_moe_plain", {{"qkv_bias", "false"}}),
              HasSubstr(".bias"));
  EXPECT_THAT(
      ErrorOfEdited("qwen2_moe_plain", {{"routed_scaling_factor", "2.5"}}),
      HasSubstr("routed_scaling_factor: is 2.5"));
}

}  // namespace
}  // namespace pellucid
