#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(Gemma2Test, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec = OpenEdited("gemma2_plain", {{"attn_logit_softcapping", ""},
                                                {"final_logit_softcapping", ""},
                                                {"query_pre_attn_scalar", ""},
                                                {"sliding_window", ""},
                                                {"hidden_activation", ""},
                                                {"hidden_act", "\"relu\""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->score_cap, 50.0f);
  EXPECT_EQ(spec->logits.cap, 30.0f);
  EXPECT_EQ(spec->layers.front().attention_scale, 1.0f / 16);
  EXPECT_EQ(spec->layers[0].window, 4096u);
  EXPECT_EQ(spec->layers[1].window, 0u);
  EXPECT_EQ(spec->layers[2].window, 4096u);
  EXPECT_EQ(spec->activation, kernels::Activation::kGeluTanh);
}

TEST(Gemma2Test, WhatCannotBeIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("gemma2_plain", {{"sliding_window", "null"}}),
              HasSubstr("sliding_window: is missing or switched off, but block "
                        "0"));
  EXPECT_THAT(ErrorOfEdited("gemma2_plain", {{"query_pre_attn_scalar", "0"}}),
              HasSubstr("query_pre_attn_scalar: is 0"));
  EXPECT_THAT(
      ErrorOfEdited("gemma2_plain", {{"hidden_activation", "\"swiglu\""}}),
      HasSubstr("hidden_activation: is \"swiglu\""));
}

}  // namespace
}  // namespace pellucid
