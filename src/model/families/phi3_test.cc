#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(Phi3Test, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec = OpenEdited("phi3_plain", {{"rms_norm_eps", ""},
                                              {"sliding_window", ""},
                                              {"max_position_embeddings", ""},
                                              {"hidden_act", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->norm_eps, 1e-5f);
  EXPECT_EQ(spec->layers.front().window, 0u);
  EXPECT_EQ(spec->context_length, 4096u);
  EXPECT_EQ(spec->activation, kernels::Activation::kSilu);
}

// Of the class, whatever the scaling says.
TEST(Phi3Test, TheLengthBeforeStretchingIsTheClassesOwn) {
  const auto spec = OpenEdited("phi3_longrope_short",
                               {{"original_max_position_embeddings", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->ropes.front().switch_length, 4096u);
}

TEST(Phi3Test, WhatAltersTheMathsIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("phi3_plain", {{"attention_bias", "true"}}),
              HasSubstr("attention_bias: is true"));
  EXPECT_THAT(ErrorOfEdited("phi3_plain", {{"partial_rotary_factor", "0.01"}}),
              HasSubstr("rotary dimensions"));
}

}  // namespace
}  // namespace pellucid
