#include "analysis/in_force.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "testutil/hf_goldens.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using Words = std::map<std::string, std::string>;

Words InForce(const std::string& path) {
  const auto model = Model::Open(path);
  EXPECT_TRUE(model.ok()) << model.error().message;
  Words words;
  for (const auto& [key, value] : DescribeInForce(*model)) {
    EXPECT_FALSE(value.empty()) << key;
    words.emplace(key, value);
  }
  return words;
}
Words Family(const std::string& name) {
  return InForce(testutil::FamilyGoldenPath(name));
}

TEST(InForceTest, APlainLlama) {
  const Words words = InForce(testutil::TinyLlamaPath("mha_tied_f32"));
  for (const auto& [key, value] : Words{{"dtypes", "F32"},
                                        {"norm", "rms"},
                                        {"block_order", "sequential"},
                                        {"qk_norm", "none"},
                                        {"score_cap", "none"},
                                        {"logit_cap", "none"},
                                        {"logit_multiplier", "none"},
                                        {"logit_divisor", "none"},
                                        {"embed_scale", "none"},
                                        {"residual_multiplier", "none"},
                                        {"window", "none"},
                                        {"positions", "rotary"},
                                        {"activation", "silu"},
                                        {"experts", "none"},
                                        {"tied_head", "true"},
                                        {"bos", "no tokenizer"}}) {
    EXPECT_EQ(words.at(key), value) << key;
  }
  EXPECT_THAT(words.at("attention"), StartsWith("multi-head, "));
  EXPECT_THAT(words.at("rope"), HasSubstr("in halves"));
  EXPECT_TRUE(words.contains("norm_eps"));
}

TEST(InForceTest, WhatFamiliesVary) {
  const Words gemma = Family("gemma2_plain");
  EXPECT_NE(gemma.at("score_cap"), "none");
  EXPECT_NE(gemma.at("logit_cap"), "none");
  EXPECT_NE(gemma.at("embed_scale"), "none");
  EXPECT_THAT(gemma.at("window"), HasSubstr(" blocks"));
  EXPECT_EQ(gemma.at("activation"), "gelu_tanh");
  const Words granite = Family("granite_plain");
  EXPECT_NE(granite.at("residual_multiplier"), "none");
  EXPECT_NE(granite.at("logit_divisor"), "none");
  EXPECT_NE(Family("cohere_plain").at("logit_multiplier"), "none");
  EXPECT_EQ(Family("cohere_plain").at("block_order"), "parallel");
  EXPECT_EQ(Family("bloom_plain").at("positions"), "alibi");
  EXPECT_EQ(Family("bloom_plain").at("rope"), "none");
  EXPECT_EQ(Family("gpt_neo_plain").at("positions"), "learned");
  EXPECT_EQ(Family("gpt_neo_plain").at("norm"), "layer");
  EXPECT_THAT(Family("gptj_plain").at("rope"), HasSubstr("in pairs"));
  EXPECT_THAT(Family("falcon_7b").at("attention"), StartsWith("multi-query, "));
  EXPECT_EQ(Family("olmo2_plain").at("qk_norm"), "whole");
  EXPECT_EQ(Family("qwen3_plain").at("qk_norm"), "per head");
  EXPECT_THAT(Family("mixtral_plain").at("experts"), HasSubstr(" of "));
  EXPECT_THAT(Family("llama_dynamic_short").at("rope"), HasSubstr("beyond"));
}

TEST(InForceTest, TheBosRule) {
  const testutil::TempDir dir;
  EXPECT_EQ(InForce(testutil::WriteTextModel(dir, false)).at("bos"),
            "not added, <s> (0)");
  EXPECT_EQ(InForce(testutil::WriteTextModel(dir, true)).at("bos"),
            "added, <s> (0)");
}

}  // namespace
}  // namespace pellucid
