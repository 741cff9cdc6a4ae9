#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(Qwen3MoeTest, AWindowHoldsForEveryBlock) {
  const auto spec =
      OpenEdited("qwen3_moe_plain", {{"use_sliding_window", "true"},
                                     {"sliding_window", "3"},
                                     {"max_window_layers", "1"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  for (const LayerSpec& layer : spec->layers) EXPECT_EQ(layer.window, 3u);
}

TEST(Qwen3MoeTest, ExpertsGoByEitherName) {
  const auto spec = OpenEdited(
      "qwen3_moe_plain", {{"num_experts", ""}, {"num_local_experts", "6"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->experts.n_experts, 6u);
  EXPECT_EQ(spec->experts.d_shared, 0u);
}

TEST(Qwen3MoeTest, WhatCannotBeIsRefusedByName) {
  EXPECT_THAT(
      ErrorOfEdited("qwen3_moe_plain", {{"moe_intermediate_size", "0"}}),
      HasSubstr("moe_intermediate_size: is 0"));
  EXPECT_THAT(ErrorOfEdited("qwen3_moe_plain", {{"attention_bias", "true"}}),
              HasSubstr("self_attn.q_proj.bias"));
}

}  // namespace
}  // namespace pellucid
