// The llama family against Hugging Face eager float32 on the same weights, and
// against files that break its rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "formats/gguf.h"
#include "model/family.h"
#include "pellucid/model.h"
#include "testutil/compare.h"
#include "testutil/golden.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::TinyLlama;

class TinyLlamaTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(AllVariants, TinyLlamaTest,
                         ::testing::ValuesIn(testutil::TinyLlamaNames()),
                         [](const auto& variant) { return variant.param; });

// Every site of every layer: GQA, head size of its own, biases, tied and
// untied heads, rope scaling, every quantised type.
TEST_P(TinyLlamaTest, EverySiteEqualsHuggingFace) {
  const auto golden =
      testutil::LoadGolden("tiny_llama/" + GetParam() + ".safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  const auto model = Model::Open(testutil::TinyLlamaPath(GetParam()));
  ASSERT_TRUE(model.ok()) << model.error().message;
  RunOptions options;
  for (const auto& [name, tensor] : golden.tensors) {
    options.sites.push_back(name);
  }
  const auto trace = model->Run(golden.Ids(), options);
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  for (const auto& [name, theirs] : golden.tensors) {
    const Tensor* ours = trace->Find(name);
    ASSERT_NE(ours, nullptr) << name;
    EXPECT_TRUE(testutil::Close(*ours, theirs, testutil::kActivationTolerance))
        << name;
  }
}

// Fails with a message that holds `part`.
void ExpectRefused(const testutil::GgufBuilder::Bytes& bytes,
                   const std::string& part) {
  const auto file = GgufFile::Parse(bytes, "tiny.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto loaded = LoadFromGguf(*file);
  ASSERT_FALSE(loaded.ok()) << part;
  EXPECT_EQ(loaded.error().code, ErrorCode::kModel);
  EXPECT_THAT(loaded.error().message, HasSubstr(part));
  EXPECT_THAT(loaded.error().message, HasSubstr("open: tiny.gguf: "));
}

TEST(LlamaTest, TheMadeUpModelLoads) {
  const auto bytes = TinyLlama{}.Builder().Build();
  const auto file = GgufFile::Parse(bytes, "tiny.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto loaded = LoadFromGguf(*file);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->spec.n_layers, 2u);
  EXPECT_EQ(loaded->spec.head_dim, 4u);
  EXPECT_EQ(loaded->spec.vocab_size, 19u);
  EXPECT_TRUE(loaded->weights.tied);
}

TEST(LlamaTest, EachMissingTensorIsNamed) {
  for (const std::string name :
       {"token_embd.weight", "output_norm.weight", "blk.1.attn_norm.weight",
        "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.1.attn_v.weight",
        "blk.1.attn_output.weight", "blk.1.ffn_norm.weight",
        "blk.1.ffn_gate.weight", "blk.1.ffn_up.weight",
        "blk.1.ffn_down.weight"}) {
    ExpectRefused(TinyLlama{.without = {name}}.Builder().Build(),
                  "tensor " + name);
  }
}

TEST(LlamaTest, EachMissingKeyIsNamed) {
  for (const std::string name :
       {"llama.context_length", "llama.embedding_length", "llama.block_count",
        "llama.feed_forward_length", "llama.attention.head_count"}) {
    ExpectRefused(TinyLlama{.without = {name}}.Builder().Build(), name);
  }
}

TEST(LlamaTest, LyingSizesAreRefusedBeforeAnythingIsAllocated) {
  const auto with = [](const std::string& key, std::uint64_t value) {
    return TinyLlama{.without = {key}}
        .Builder()
        .Scalar<std::uint64_t>(key, value)
        .Build();
  };
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 62;
  ExpectRefused(with("llama.block_count", kHuge), "llama.block_count");
  ExpectRefused(with("llama.block_count", 0), "llama.block_count");
  ExpectRefused(with("llama.block_count", 3), "blk.2.");
  ExpectRefused(with("llama.embedding_length", kHuge),
                "llama.embedding_length");
  ExpectRefused(with("llama.embedding_length", 1 << 29), "token_embd.weight");
  ExpectRefused(with("llama.feed_forward_length", 1 << 30), "ffn_gate");
  ExpectRefused(with("llama.attention.head_count", 3), "no multiple");
  ExpectRefused(with("llama.attention.head_count_kv", 0), "head_count_kv");
  ExpectRefused(with("llama.attention.head_count_kv", 4), "no multiple");
  ExpectRefused(with("llama.attention.key_length", 1 << 30), "too large");
  ExpectRefused(with("llama.attention.key_length", 5), "blk.0.attn_q.weight");
  ExpectRefused(with("llama.attention.value_length", 2), "value_length");
  ExpectRefused(with("llama.context_length", 0), "llama.context_length");
}

TEST(LlamaTest, WhatMayAlterTheMathsIsRefusedByName) {
  ExpectRefused(
      TinyLlama{}.Builder().Scalar<float>("llama.logit_scale", 2).Build(),
      "llama.logit_scale");
  ExpectRefused(TinyLlama{}
                    .Builder()
                    .Scalar<std::uint32_t>("llama.expert_count", 8)
                    .Build(),
                "llama.expert_used_count");
  ExpectRefused(
      TinyLlama{}.Builder().String("llama.rope.scaling.type", "spiral").Build(),
      "\"spiral\"");
  ExpectRefused(TinyLlama{}
                    .Builder()
                    .Floats("blk.0.attn_q_norm.weight", {4}, {1, 1, 1, 1})
                    .Build(),
                "blk.0.attn_q_norm.weight");
  ExpectRefused(
      TinyLlama{}.Builder().Bool("llama.attention.causal", false).Build(),
      "llama.attention.causal");
}

TEST(LlamaTest, DamagedRotaryFrequenciesAreRefused) {
  for (const float divisor : {0.0f, -1.0f, 1e-30f, std::nanf("")}) {
    ExpectRefused(TinyLlama{}
                      .Builder()
                      .Floats("rope_freqs.weight", {2}, {1, divisor})
                      .Build(),
                  "rotary frequencies");
  }
}

TEST(LlamaTest, NumbersThatAreNoneAreRefused) {
  ExpectRefused(
      TinyLlama{}.Builder().Scalar<float>("llama.rope.freq_base", 0).Build(),
      "llama.rope.freq_base");
  ExpectRefused(TinyLlama{.without = {"llama.attention.layer_norm_rms_epsilon"}}
                    .Builder()
                    .Scalar<float>("llama.attention.layer_norm_rms_epsilon", -1)
                    .Build(),
                "layer_norm_rms_epsilon");
}

// What rope keys need (rope_freqs) is not what is left over then.
TEST(LlamaTest, EveryMissingTensorIsNamed) {
  ExpectRefused(
      TinyLlama{.without = {"blk.0.attn_q.weight", "blk.1.ffn_norm.weight",
                            "output_norm.weight"}}
          .Builder()
          .Floats("rope_freqs.weight", {2}, {1, 1})
          .Build(),
      "3 tensors: are missing: blk.0.attn_q.weight, "
      "blk.1.ffn_norm.weight, output_norm.weight; the file");
}

}  // namespace
}  // namespace pellucid
