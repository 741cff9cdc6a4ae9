#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(Qwen2Test, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec = OpenEdited("qwen2_window", {{"sliding_window", ""},
                                                {"max_window_layers", ""},
                                                {"max_position_embeddings", ""},
                                                {"rms_norm_eps", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  // Blocks slide from the 29th on.
  for (const LayerSpec& layer : spec->layers) EXPECT_EQ(layer.window, 0u);
  EXPECT_EQ(spec->context_length, 32768u);
  EXPECT_EQ(spec->norm_eps, 1e-6f);
}

TEST(Qwen2Test, TheWindowBeginsAtABlock) {
  const auto spec = OpenEdited("qwen2_window", {{"max_window_layers", "2"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->layers[1].window, 0u);
  EXPECT_EQ(spec->layers[2].window, 5u);
}

TEST(Qwen2Test, WhatAltersTheMathsIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("qwen2_plain", {{"use_mrope", "true"}}),
              HasSubstr("use_mrope: is true"));
  EXPECT_THAT(ErrorOfEdited("qwen2_plain", {{"attention_bias", "true"}}),
              HasSubstr("attention_bias: is true"));
  EXPECT_THAT(
      ErrorOfEdited("qwen2_layer_types", {{"use_sliding_window", "false"}}),
      HasSubstr("sliding_window: is missing or switched off"));
}

}  // namespace
}  // namespace pellucid
