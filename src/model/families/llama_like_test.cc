#include "model/families/llama_like.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pellucid::families {
namespace {

using ::testing::HasSubstr;

constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 11,
                                               .d_model = 12,
                                               .n_layers = 3,
                                               .n_heads = 6,
                                               .n_kv_heads = 2,
                                               .head_dim = 4,
                                               .context = 32},
                                     .d_mlp = 20,
                                     .eps = 0.5,
                                     .tied = true,
                                     .rope = {.theta = 77},
                                     .activation = "relu"};

struct Read {
  ArchSpec spec;
  HfParts parts;
};

Read ReadAll(const std::string& text) {
  HfModelConfig config = HfModelConfig::Parse(text, "config.json").value();
  Read read;
  EXPECT_TRUE(ReadLlamaConfig(config, kDefaults, read.spec, read.parts).ok());
  EXPECT_TRUE(ReadAttentionBias(config, read.parts.rules).ok());
  EXPECT_TRUE(ReadMlpBias(config, read.parts.rules).ok());
  EXPECT_TRUE(config.CheckAllKnown().ok());
  return read;
}

TEST(LlamaLikeTest, AnEmptyConfigHasTheDefaultsOfTheFamily) {
  const Read read = ReadAll("{}");
  EXPECT_EQ(read.spec.vocab_size, 11u);
  EXPECT_EQ(read.spec.d_model, 12u);
  EXPECT_EQ(read.spec.layers.size(), 3u);
  EXPECT_EQ(read.spec.n_kv_heads, 2u);
  EXPECT_EQ(read.spec.head_dim, 4u);
  EXPECT_EQ(read.spec.layers.front().attention_scale, 0.5f);
  EXPECT_EQ(read.spec.context_length, 32u);
  EXPECT_EQ(read.spec.d_mlp, 20u);
  EXPECT_EQ(read.spec.norm_eps, 0.5f);
  EXPECT_EQ(read.spec.activation, kernels::Activation::kRelu);
  EXPECT_TRUE(read.parts.rules.tied);
  EXPECT_EQ(read.parts.rope->theta, 77);
  EXPECT_EQ(read.parts.rules.qkv, WeightRules::Bias::kNone);
  EXPECT_EQ(read.parts.rules.mlp, WeightRules::Bias::kNone);
}

TEST(LlamaLikeTest, KeysBeatThem) {
  const Read read = ReadAll(
      R"({"num_key_value_heads": null, "intermediate_size": 5,
          "rms_norm_eps": 0.25, "hidden_act": "silu", "rope_theta": 9,
          "tie_word_embeddings": false, "attention_bias": true,
          "mlp_bias": true})");
  EXPECT_EQ(read.spec.n_kv_heads, 6u);  // null: one a head
  EXPECT_EQ(read.spec.d_mlp, 5u);
  EXPECT_EQ(read.spec.norm_eps, 0.25f);
  EXPECT_EQ(read.spec.activation, kernels::Activation::kSilu);
  EXPECT_FALSE(read.parts.rules.tied);
  EXPECT_EQ(read.parts.rope->theta, 9);
  EXPECT_EQ(read.parts.rules.qkv, WeightRules::Bias::kRequired);
  EXPECT_EQ(read.parts.rules.attn_out, WeightRules::Bias::kRequired);
  EXPECT_EQ(read.parts.rules.mlp, WeightRules::Bias::kRequired);
}

}  // namespace
}  // namespace pellucid::families
