#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/rope.h"
#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(StableLmTest, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec = OpenEdited("stablelm_plain", {{"partial_rotary_factor", ""},
                                                  {"use_parallel_residual", ""},
                                                  {"qk_layernorm", ""},
                                                  {"layer_norm_eps", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->ropes.front().inv_freq,
            kernels::InverseFrequencies(10000, 2));
  EXPECT_EQ(spec->order, BlockOrder::kSequential);
  EXPECT_EQ(spec->norm_eps, 1e-5f);
}

TEST(StableLmTest, WhatDoesNotFitIsRefusedByName) {
  EXPECT_THAT(
      ErrorOfEdited("stablelm_plain", {{"use_parallel_residual", "true"}}),
      HasSubstr("post_attention_layernorm"));
  EXPECT_THAT(ErrorOfEdited("stablelm_plain", {{"use_qkv_bias", "false"}}),
              HasSubstr("not part of this architecture"));
  EXPECT_THAT(ErrorOfEdited("stablelm_plain", {{"qk_layernorm", "true"}}),
              HasSubstr("self_attn.q_layernorm"));
  EXPECT_THAT(ErrorOfEdited("stablelm_plain", {{"rotary_scaling_factor", "2"}}),
              HasSubstr("rotary_scaling_factor: is 2"));
}

}  // namespace
}  // namespace pellucid
