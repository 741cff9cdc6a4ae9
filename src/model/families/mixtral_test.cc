#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(MixtralTest, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec = OpenEdited("mixtral_plain", {{"num_experts_per_tok", ""},
                                                 {"sliding_window", ""},
                                                 {"rms_norm_eps", ""},
                                                 {"hidden_act", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->experts.n_active, 2u);
  EXPECT_TRUE(spec->experts.renormalise);
  EXPECT_TRUE(spec->layers.back().has_experts);
  EXPECT_EQ(spec->layers.back().window, 0u);
  EXPECT_EQ(spec->norm_eps, 1e-5f);
}

TEST(MixtralTest, WhatCannotBeIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("mixtral_plain", {{"num_experts_per_tok", "6"}}),
              HasSubstr("num_experts_per_tok: is 6"));
  EXPECT_THAT(ErrorOfEdited("mixtral_plain", {{"num_local_experts", "6"}}),
              HasSubstr("block_sparse_moe"));
  EXPECT_THAT(ErrorOfEdited("mixtral_plain",
                            {{"shared_expert_intermediate_size", "8"}}),
              HasSubstr("shared_expert_intermediate_size: is 8"));
}

}  // namespace
}  // namespace pellucid
