#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(GraniteTest, EveryMultiplierIsRead) {
  const auto spec = OpenEdited("granite_plain", {});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->embed_scale, 12.0f);
  EXPECT_FALSE(spec->scales_inside_embedding);
  EXPECT_EQ(spec->residual_multiplier, 0.22f);
  EXPECT_EQ(spec->logits.divisor, 8.0f);
  EXPECT_EQ(spec->layers.back().attention_scale, 0.0625f);
}

// 1, the scale of attention too.
TEST(GraniteTest, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec = OpenEdited("granite_plain", {{"attention_multiplier", ""},
                                                 {"embedding_multiplier", ""},
                                                 {"logits_scaling", ""},
                                                 {"residual_multiplier", ""},
                                                 {"rms_norm_eps", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->embed_scale, 1.0f);
  EXPECT_EQ(spec->residual_multiplier, 1.0f);
  EXPECT_EQ(spec->logits.divisor, 1.0f);
  EXPECT_EQ(spec->layers.front().attention_scale, 1.0f);
  EXPECT_EQ(spec->norm_eps, 1e-6f);
}

TEST(GraniteTest, WhatAltersTheMathsIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("granite_plain", {{"logits_scaling", "0"}}),
              HasSubstr("logits_scaling: is 0"));
  EXPECT_THAT(ErrorOfEdited("granite_plain", {{"logit_scale", "0.5"}}),
              HasSubstr("logit_scale: is 0.5"));
  EXPECT_THAT(ErrorOfEdited("granite_plain", {{"num_local_experts", "4"}}),
              HasSubstr("num_local_experts: is 4"));
}

}  // namespace
}  // namespace pellucid
