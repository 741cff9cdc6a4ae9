#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(FalconTest, FormsHaveTheirKeyValueHeads) {
  const auto one =
      OpenEdited("falcon_7b", {{"num_kv_heads", "3"}, {"ff_factor", "4"}});
  ASSERT_TRUE(one.ok()) << one.error().message;  // multi_query wins
  EXPECT_EQ(one->n_kv_heads, 1u);
  EXPECT_EQ(one->order, BlockOrder::kParallel);
  const auto groups = OpenEdited("falcon_40b", {{"multi_query", "true"}});
  ASSERT_TRUE(groups.ok()) << groups.error().message;
  EXPECT_EQ(groups->n_kv_heads, 2u);
  EXPECT_EQ(groups->modules[Point::kMlpNorm], "ln_mlp");
  const auto all = OpenEdited("falcon_sequential", {});
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_EQ(all->n_kv_heads, all->n_heads);
  EXPECT_EQ(all->order, BlockOrder::kSequential);
}

TEST(FalconTest, LinearBiasesStandForRotation) {
  const auto spec = OpenEdited("falcon_alibi", {});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_FALSE(spec->layers.front().rope.has_value());
  EXPECT_TRUE(spec->alibi.falcon);
  EXPECT_EQ(spec->alibi.slopes,
            (std::vector<float>{0.25f, 0.0625f, 0.015625f, 0.00390625f}));
}

// What transformers builds and then cannot run.
TEST(FalconTest, FormsThatAreNoneAreRefused) {
  EXPECT_THAT(ErrorOfEdited("falcon_40b", {{"parallel_attn", "false"}}),
              HasSubstr("parallel_attn: is false"));
  EXPECT_THAT(ErrorOfEdited("falcon_7b", {{"num_ln_in_parallel_attn", "2"}}),
              HasSubstr("num_ln_in_parallel_attn: is 2"));
  EXPECT_THAT(ErrorOfEdited("falcon_40b", {{"num_ln_in_parallel_attn", "3"}}),
              HasSubstr("num_ln_in_parallel_attn: is 3"));
}

TEST(FalconTest, WhatDoesNotFitIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("falcon_7b", {{"partial_rotary_factor", "0.5"}}),
              HasSubstr("partial_rotary_factor: is 0.5"));
  EXPECT_THAT(
      ErrorOfEdited("falcon_7b",
                    {{"apply_residual_connection_post_layernorm", "true"}}),
      HasSubstr("apply_residual_connection_post_layernorm: is true"));
  EXPECT_THAT(
      ErrorOfEdited("falcon_7b", {{"bias", "true"}}),
      HasSubstr(
          "8 tensors: are missing: transformer.h.0.mlp.dense_4h_to_h.bias"));
}

}  // namespace
}  // namespace pellucid
