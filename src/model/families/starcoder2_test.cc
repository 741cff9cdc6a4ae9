#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(Starcoder2Test, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec =
      OpenEdited("starcoder2_plain", {{"hidden_act", ""},
                                      {"sliding_window", "null"},
                                      {"norm_epsilon", ""},
                                      {"use_bias", ""},
                                      {"num_key_value_heads", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->activation, kernels::Activation::kGeluTanh);
  EXPECT_EQ(spec->layers.front().window, 0u);
  EXPECT_EQ(spec->norm_eps, 1e-5f);
  EXPECT_EQ(spec->n_kv_heads, 2u);
}

// transformers reads hidden_act and norm_epsilon alone.
TEST(Starcoder2Test, OtherSpellingsArePassedOver) {
  const auto spec = OpenEdited(
      "starcoder2_plain",
      {{"activation_function", "\"relu\""}, {"layer_norm_epsilon", "0.5"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->activation, kernels::Activation::kGeluTanh);
  EXPECT_EQ(spec->norm_eps, 1e-5f);
  EXPECT_EQ(spec->layers.back().window, 4096u);
}

TEST(Starcoder2Test, WhatAltersTheMathsIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("starcoder2_plain", {{"mlp_type", "\"gated\""}}),
              HasSubstr("mlp_type: is \"gated\""));
  EXPECT_THAT(ErrorOfEdited("starcoder2_plain", {{"norm_type", "\"rms\""}}),
              HasSubstr("norm_type: is \"rms\""));
  EXPECT_THAT(ErrorOfEdited("starcoder2_plain", {{"use_bias", "false"}}),
              HasSubstr("not part of this architecture"));
}

}  // namespace
}  // namespace pellucid
