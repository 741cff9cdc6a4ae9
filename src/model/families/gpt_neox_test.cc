#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kernels/rope.h"
#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

TEST(GptNeoxTest, AbsentKeysHaveTheDefaultsOfTheClass) {
  const auto spec =
      OpenEdited("gpt_neox_pythia", {{"rotary_pct", ""},
                                     {"rotary_emb_base", ""},
                                     {"layer_norm_eps", ""},
                                     {"use_parallel_residual", ""},
                                     {"hidden_act", ""},
                                     {"max_position_embeddings", ""},
                                     {"tie_word_embeddings", ""}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->ropes.front().inv_freq,
            kernels::InverseFrequencies(10000, 2));
  EXPECT_EQ(spec->norm_eps, 1e-5f);
  EXPECT_EQ(spec->order, BlockOrder::kParallel);
  EXPECT_EQ(spec->activation, kernels::Activation::kGelu);
  EXPECT_EQ(spec->context_length, 2048u);
}

TEST(GptNeoxTest, WhatAltersTheMathsIsRefusedByName) {
  for (const std::string key :
       {"clip_qkv", "sliding_window_pattern", "attn_logit_softcapping"}) {
    EXPECT_THAT(ErrorOfEdited("gpt_neox_pythia", {{key, "8"}}),
                HasSubstr(key + ": is 8: not understood"));
  }
  EXPECT_THAT(ErrorOfEdited("gpt_neox_pythia", {{"rotary_pct", "0.4"}}),
              HasSubstr("rotary dimensions: are 3"));
  EXPECT_THAT(ErrorOfEdited("gpt_neox_pythia", {{"hidden_act", "\"mish\""}}),
              HasSubstr("hidden_act: is \"mish\""));
  EXPECT_THAT(ErrorOfEdited("gpt_neox_pythia", {{"attention_bias", "false"}}),
              HasSubstr("not part of this architecture"));
}

TEST(GptNeoxTest, SizesThatLieAreRefused) {
  EXPECT_THAT(ErrorOfEdited("gpt_neox_pythia", {{"num_attention_heads", "5"}}),
              HasSubstr("no multiple of the 5 heads"));
  EXPECT_THAT(ErrorOfEdited("gpt_neox_pythia", {{"intermediate_size", "41"}}),
              HasSubstr("dense_h_to_4h.weight"));
}

}  // namespace
}  // namespace pellucid
