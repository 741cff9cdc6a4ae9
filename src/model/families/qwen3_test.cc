#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(Qwen3Test, HeadsHaveASizeAndNormsOfTheirOwn) {
  const auto spec = OpenEdited("qwen3_plain", {});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->head_dim, 8u);
  EXPECT_EQ(spec->qk_norm, QkNorm::kPerHead);
  EXPECT_EQ(spec->modules[Point::kQueryNorm], "self_attn.q_norm");
  // The class's own 128 features a head, not d_model / n_heads.
  EXPECT_THAT(ErrorOfEdited("qwen3_plain", {{"head_dim", ""}}),
              HasSubstr("512"));
}

TEST(Qwen3Test, WhatAltersTheMathsIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("qwen3_plain", {{"attention_bias", "true"}}),
              HasSubstr("self_attn.q_proj.bias"));
  EXPECT_THAT(ErrorOfEdited("qwen3_plain", {{"num_experts", "4"}}),
              HasSubstr("num_experts: is 4"));
}

}  // namespace
}  // namespace pellucid
