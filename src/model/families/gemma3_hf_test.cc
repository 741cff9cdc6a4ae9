#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/rope.h"
#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(Gemma3HfTest, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec =
      OpenEdited("gemma3_text_pattern", {{"sliding_window_pattern", ""},
                                         {"sliding_window", ""},
                                         {"rope_theta", ""},
                                         {"rope_local_base_freq", ""},
                                         {"query_pre_attn_scalar", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->layers[4].window, 4096u);
  EXPECT_EQ(spec->layers[5].window, 0u);
  EXPECT_EQ(spec->layers[4].rope, 1u);
  EXPECT_EQ(spec->layers[5].rope, 0u);
  EXPECT_EQ(spec->layers[0].attention_scale, 1.0f / 16);
  ASSERT_EQ(spec->ropes.size(), 2u);
  EXPECT_EQ(spec->ropes[0].inv_freq, kernels::InverseFrequencies(1e6f, 8));
  EXPECT_EQ(spec->ropes[1].inv_freq, kernels::InverseFrequencies(1e4f, 8));
}

// The key is the class's, but its attention does not look at it.
TEST(Gemma3HfTest, ACapOnScoresDoesNothing) {
  const auto spec =
      OpenEdited("gemma3_text_pattern", {{"attn_logit_softcapping", "50.0"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->score_cap, 0.0f);
}

TEST(Gemma3HfTest, TwoStretchingsAreRefused) {
  EXPECT_THAT(ErrorOfEdited("gemma3_text_parameters",
                            {{"rope_scaling",
                              R"({"rope_type": "linear", "factor": 8.0})"}}),
              HasSubstr("rope_scaling: stands beside rope_parameters"));
  EXPECT_THAT(ErrorOfEdited("gemma3_text_pattern",
                            {{"rope_parameters", R"({"rope_theta": 5.0})"}}),
              HasSubstr("rope_parameters.rope_theta: is 5.0"));
}

TEST(Gemma3HfTest, TheTextPartOfAModelThatSees) {
  const auto spec = OpenEdited("gemma3_old_names", {});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->architecture, "gemma3");
  EXPECT_EQ(spec->modules.base, "model.language_model");
  EXPECT_THAT(ErrorOfEdited("gemma3_old_names", {{"text_config", ""}}),
              HasSubstr("text_config: is missing"));
  EXPECT_THAT(ErrorOfEdited("gemma3_old_names", {{"embed_scale", "2.0"}}),
              HasSubstr("embed_scale: is 2.0"));
}

}  // namespace
}  // namespace pellucid
