#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/rope.h"
#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(CohereTest, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec =
      OpenEdited("cohere_plain", {{"logit_scale", ""},
                                  {"rope_theta", ""},
                                  {"use_qk_norm", ""},
                                  {"max_position_embeddings", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->logits.multiplier, 0.0625f);
  EXPECT_EQ(spec->ropes.front().pairs, kernels::RopePairs::kAdjacent);
  EXPECT_EQ(spec->ropes.front().inv_freq,
            kernels::InverseFrequencies(500000, 6));
  EXPECT_EQ(spec->context_length, 8192u);
}

// As in Command R's own file, whose max_position_embeddings is the lesser.
TEST(CohereTest, TheContextIsTheLongerOfTwo) {
  const auto spec =
      OpenEdited("cohere_plain", {{"model_max_length", "131072"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->context_length, 131072u);
}

TEST(CohereTest, WhatDoesNotFitIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("cohere_plain", {{"logit_scale", "-1"}}),
              HasSubstr("logit_scale: is -1"));
  EXPECT_THAT(
      ErrorOfEdited("cohere_plain", {{"use_qk_norm", "true"}}),
      HasSubstr("4 tensors: are missing: model.layers.0.self_attn.k_norm"));
  EXPECT_THAT(ErrorOfEdited("cohere_qk_norm", {{"use_qk_norm", "false"}}),
              HasSubstr("not part of this architecture"));
  EXPECT_THAT(ErrorOfEdited("cohere_plain", {{"partial_rotary_factor", "0.5"}}),
              HasSubstr("partial_rotary_factor: is 0.5"));
}

}  // namespace
}  // namespace pellucid
