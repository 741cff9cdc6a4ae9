#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/rope.h"
#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(PhiTest, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec = OpenEdited("phi_plain", {{"partial_rotary_factor", "0.8"},
                                             {"hidden_act", ""},
                                             {"layer_norm_eps", ""},
                                             {"qk_layernorm", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->ropes.front().inv_freq,
            kernels::InverseFrequencies(10000, 8));
  EXPECT_EQ(spec->activation, kernels::Activation::kGeluTanh);
  EXPECT_EQ(spec->norm_eps, 1e-5f);
  // Half of ten features, by the class, is no number of pairs.
  EXPECT_THAT(ErrorOfEdited("phi_plain", {{"partial_rotary_factor", ""}}),
              HasSubstr("rotary dimensions: are 5"));
}

TEST(PhiTest, WhatDoesNotFitIsRefusedByName) {
  EXPECT_THAT(
      ErrorOfEdited("phi_plain", {{"qk_layernorm", "true"}}),
      HasSubstr("8 tensors: are missing: model.layers.0.self_attn.k_layer"));
  EXPECT_THAT(ErrorOfEdited("phi_qk_norm", {{"qk_layernorm", "false"}}),
              HasSubstr("not part of this architecture"));
  EXPECT_THAT(ErrorOfEdited("phi_plain", {{"num_key_value_heads", "1"}}),
              HasSubstr("self_attn.k_proj.weight"));
  EXPECT_THAT(ErrorOfEdited("phi_plain", {{"logit_scale", "0.5"}}),
              HasSubstr("logit_scale: is 0.5"));
}

}  // namespace
}  // namespace pellucid
