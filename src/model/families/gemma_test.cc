#include "model/families/gemma.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(GemmaTest, ScalesItsEmbedding) {
  const auto spec = OpenEdited("gemma_plain", {});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->embed_scale, 4.89897949f);  // sqrt(24), not rounded further
  EXPECT_TRUE(spec->scales_inside_embedding);
}

// The class looks at hidden_act alone, and takes "gelu" for its approximation.
TEST(GemmaTest, TheActivationIsThatOfTheClass) {
  const auto activation = [](const testutil::ConfigEdits& edits) {
    const auto spec = OpenEdited("gemma_plain", edits);
    EXPECT_TRUE(spec.ok()) << spec.error().message;
    return spec->activation;
  };
  EXPECT_EQ(activation({{"hidden_act", "\"gelu\""}}),
            kernels::Activation::kGeluTanh);
  EXPECT_EQ(activation({{"hidden_act", ""}}), kernels::Activation::kGeluTanh);
  EXPECT_EQ(activation({{"hidden_act", "\"silu\""},
                        {"hidden_activation", "\"gelu\""}}),
            kernels::Activation::kSilu);
}

TEST(GemmaTest, WhatAltersTheMathsIsRefusedByName) {
  EXPECT_THAT(
      ErrorOfEdited("gemma_plain", {{"use_bidirectional_attention", "true"}}),
      HasSubstr("use_bidirectional_attention: is true: unsupported"));
  EXPECT_THAT(
      ErrorOfEdited("gemma_plain", {{"final_logit_softcapping", "30.0"}}),
      HasSubstr("final_logit_softcapping: is 30.0"));
}

TEST(GemmaTest, ACapIsOffWhereItIsNull) {
  auto config =
      HfModelConfig::Parse(R"({"a": null, "b": 2.0, "c": 0})", "config.json")
          .value();
  EXPECT_EQ(families::ReadCap(config, "a", 50).value(), 0.0f);
  EXPECT_EQ(families::ReadCap(config, "b", 50).value(), 2.0f);
  EXPECT_EQ(families::ReadCap(config, "absent", 50).value(), 50.0f);
  EXPECT_EQ(families::ReadCap(config, "absent", 0).value(), 0.0f);
  EXPECT_FALSE(families::ReadCap(config, "c", 50).ok());
}

}  // namespace
}  // namespace pellucid
