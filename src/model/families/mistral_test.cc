#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(MistralTest, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec =
      OpenEdited("mistral_window", {{"sliding_window", ""},
                                    {"rms_norm_eps", ""},
                                    {"max_position_embeddings", ""},
                                    {"rope_theta", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->layers.front().window, 4096u);
  EXPECT_EQ(spec->norm_eps, 1e-6f);
  EXPECT_EQ(spec->context_length, 131072u);
}

// Absent is the class's own number, null is none at all.
TEST(MistralTest, NullIsNotAbsent) {
  const auto spec = OpenEdited("mistral_window", {{"sliding_window", "null"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->layers.back().window, 0u);
  // Eight key-value heads, of four.
  EXPECT_THAT(ErrorOfEdited("mistral_window", {{"num_key_value_heads", ""}}),
              HasSubstr("no multiple of the 8 key-value heads"));
}

TEST(MistralTest, WhatAltersTheMathsIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("mistral_window", {{"sliding_window", "0"}}),
              HasSubstr("sliding_window: is 0"));
  EXPECT_THAT(ErrorOfEdited("mistral_window", {{"attention_bias", "true"}}),
              HasSubstr("attention_bias: is true"));
  EXPECT_THAT(ErrorOfEdited("mistral_window",
                            {{"layer_types", "[\"sliding_attention\"]"}}),
              HasSubstr("layer_types"));
  EXPECT_THAT(
      ErrorOfEdited("mistral_window", {{"partial_rotary_factor", "0.5"}}),
      HasSubstr("partial_rotary_factor: is 0.5"));
}

}  // namespace
}  // namespace pellucid
