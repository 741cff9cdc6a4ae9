#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(Olmo2Test, NormsStandBehindTheParts) {
  const auto spec =
      OpenEdited("olmo2_plain", {{"rms_norm_eps", ""}, {"rope_theta", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->norm_eps, 1e-5f);
  EXPECT_EQ(spec->qk_norm, QkNorm::kWhole);
  EXPECT_TRUE(spec->modules[Point::kAttnNorm].empty());
  EXPECT_EQ(spec->modules[Point::kAttnPostNorm], "post_attention_layernorm");
}

TEST(Olmo2Test, WhatAltersTheMathsIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("olmo2_plain", {{"clip_qkv", "8.0"}}),
              HasSubstr("clip_qkv: is 8.0"));
  EXPECT_THAT(ErrorOfEdited("olmo2_plain", {{"mlp_bias", "true"}}),
              HasSubstr("mlp_bias: is true"));
}

}  // namespace
}  // namespace pellucid
