#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(OptTest, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec = OpenEdited("opt_plain", {{"do_layer_norm_before", ""},
                                             {"_remove_final_layer_norm", ""},
                                             {"word_embed_proj_dim", ""},
                                             {"activation_function", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_FALSE(spec->norm_after_add);
  EXPECT_EQ(spec->modules[Point::kFinalNorm], "final_layer_norm");
  EXPECT_EQ(spec->EmbedWidth(), spec->d_model);
  EXPECT_EQ(spec->activation, kernels::Activation::kRelu);
  EXPECT_EQ(spec->norm_eps, 1e-5f);
}

// Its norm at the end goes with the norms before.
TEST(OptTest, NormsBehindTheSumsLeaveNoneAtTheEnd) {
  const auto spec = OpenEdited("opt_post_norm", {});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_TRUE(spec->norm_after_add);
  EXPECT_TRUE(spec->modules[Point::kFinalNorm].empty());
  EXPECT_EQ(spec->d_embed, 14u);
  EXPECT_THAT(
      ErrorOfEdited("opt_post_norm", {{"do_layer_norm_before", "true"}}),
      HasSubstr("2 tensors: are missing: model.decoder.final_layer_norm.bias"));
}

TEST(OptTest, WhatDoesNotFitIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("opt_plain", {{"word_embed_proj_dim", "10"}}),
              HasSubstr("embed_tokens.weight"));
  EXPECT_THAT(ErrorOfEdited("opt_plain", {{"enable_bias", "false"}}),
              HasSubstr("not part of this architecture"));
  EXPECT_THAT(ErrorOfEdited("opt_plain", {{"max_position_embeddings", "17"}}),
              HasSubstr("embed_positions.weight: has shape [18, 20]"));
  EXPECT_THAT(ErrorOfEdited("opt_plain", {{"rope_theta", "10000"}}),
              HasSubstr("rope_theta: is 10000"));
}

}  // namespace
}  // namespace pellucid
