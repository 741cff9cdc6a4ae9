#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/rope.h"
#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(GptjTest, RotatesAdjacentPairs) {
  const auto spec = OpenEdited("gptj_plain", {{"n_positions", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  ASSERT_EQ(spec->ropes.size(), 1u);
  EXPECT_EQ(spec->ropes.front().pairs, kernels::RopePairs::kAdjacent);
  EXPECT_EQ(spec->ropes.front().inv_freq,
            kernels::InverseFrequencies(10000, 4));
  EXPECT_EQ(spec->context_length, 2048u);
}

TEST(GptjTest, RotaryDimensionsArePairsWithinAHead) {
  for (const char* dims : {"3", "8", "0"}) {
    EXPECT_THAT(ErrorOfEdited("gptj_plain", {{"rotary_dim", dims}}),
                HasSubstr("rotary_dim: is "));
  }
  EXPECT_THAT(ErrorOfEdited("gptj_plain", {{"rotary_dim", "null"}}),
              HasSubstr("rotary_dim: is null"));
  // The default is 64, heads have 6 features.
  EXPECT_THAT(ErrorOfEdited("gptj_plain", {{"rotary_dim", ""}}),
              HasSubstr("rotary_dim: is 64, of a head size of 6"));
}

// transformers reads neither; published files have both.
TEST(GptjTest, KeysWithoutEffectArePassedOver) {
  const auto spec = OpenEdited(
      "gptj_plain", {{"scale_attn_weights", "false"}, {"rotary", "false"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_FLOAT_EQ(spec->layers.front().attention_scale, 0.40824829f);
}

TEST(GptjTest, WhatAltersTheMathsIsRefusedByName) {
  EXPECT_THAT(
      ErrorOfEdited("gptj_plain",
                    {{"rope_scaling", R"({"type": "linear", "factor": 2})"}}),
      HasSubstr("rope_scaling"));
}

}  // namespace
}  // namespace pellucid
