#include "model/hf_config_keys.h"

#include <gtest/gtest.h>

#include <string>

namespace pellucid {
namespace {

bool Neutral(std::string_view key, const std::string& json) {
  simdjson::dom::parser parser;
  return IsNeutral(key, parser.parse(json).value());
}

TEST(HfConfigKeysTest, NamesTrainingGenerationAndTokensAreHarmless) {
  for (const char* key : {"bos_token_id",
                          "eos_token_id",
                          "pad_token_id",
                          "torch_dtype",
                          "dtype",
                          "use_cache",
                          "initializer_range",
                          "attn_pdrop",
                          "attention_dropout",
                          "_name_or_path",
                          "architectures",
                          "transformers_version",
                          "task_specific_params",
                          "summary_type",
                          "pretraining_tp",
                          "temperature",
                          "output_attentions",
                          "_attn_implementation_autoset",
                          "id2label",
                          "is_llama_config",
                          "n_special",  // gpt2-medium
                          "predict_special_tokens",
                          "base_model_name_or_path",
                          "trust_remote_code",
                          "pad_token",
                          "max_seq_len",
                          "sliding_window",  // LlamaConfig has none
                          "num_layers",
                          "transformers.js_config"}) {
    EXPECT_TRUE(IsHarmlessKey(key)) << key;
  }
}

TEST(HfConfigKeysTest, WhatAltersTheMathsIsNot) {
  for (const char* key :
       {"attn_logit_softcapping", "final_logit_softcapping",
        "residual_multiplier", "embedding_multiplier", "logits_scaling",
        "attention_multiplier", "logit_scale", "clip_qkv",
        "attention_chunk_size", "layer_types", "rope_theta", "num_experts",
        "quantization_config", "qk_layernorm", ""}) {
    EXPECT_FALSE(IsHarmlessKey(key)) << key;
  }
}

TEST(HfConfigKeysTest, ValuesThatAskForNothing) {
  EXPECT_TRUE(Neutral("any", "null"));
  EXPECT_TRUE(Neutral("any", "false"));
  EXPECT_TRUE(Neutral("any", "\"\""));
  EXPECT_TRUE(Neutral("any", "[]"));
  EXPECT_TRUE(Neutral("any", "{}"));
  EXPECT_FALSE(Neutral("any", "true"));
  EXPECT_FALSE(Neutral("any", "0"));
  EXPECT_FALSE(Neutral("any", "\"alibi\""));
  EXPECT_FALSE(Neutral("any", "[1]"));
  EXPECT_FALSE(Neutral("any", "{\"a\": 1}"));
}

TEST(HfConfigKeysTest, AKnownKeyIsNeutralAtItsOwnValue) {
  EXPECT_TRUE(Neutral("residual_multiplier", "1"));
  EXPECT_TRUE(Neutral("residual_multiplier", "1.0"));
  EXPECT_FALSE(Neutral("residual_multiplier", "0"));
  EXPECT_TRUE(Neutral("num_local_experts", "0"));
  EXPECT_TRUE(Neutral("num_experts_per_tok", "0"));
  EXPECT_FALSE(Neutral("num_experts_per_tok", "2"));
  EXPECT_TRUE(Neutral("rope_condense_ratio", "1"));
  EXPECT_FALSE(Neutral("rope_condense_ratio", "8"));
  EXPECT_TRUE(Neutral("is_causal", "true"));
  EXPECT_FALSE(Neutral("is_causal", "false"));
  EXPECT_TRUE(Neutral("layer_types", R"(["full_attention"])"));
  EXPECT_FALSE(
      Neutral("layer_types", R"(["full_attention", "sliding_attention"])"));
}

}  // namespace
}  // namespace pellucid
