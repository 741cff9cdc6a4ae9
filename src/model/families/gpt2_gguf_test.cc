#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/family.h"
#include "pellucid/model.h"
#include "testutil/compare.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::TinyGpt2;

Result<LoadedModel> Load(const testutil::GgufBuilder::Bytes& bytes) {
  static std::vector<GgufFile> keep;  // weights point into the file
  PELLUCID_ASSIGN_OR_RETURN(GgufFile file, GgufFile::Parse(bytes, "tiny.gguf"));
  keep.push_back(std::move(file));
  return LoadFromGguf(keep.back());
}

void ExpectRefused(const testutil::GgufBuilder::Bytes& bytes,
                   const std::string& part) {
  const auto loaded = Load(bytes);
  ASSERT_FALSE(loaded.ok()) << part;
  EXPECT_EQ(loaded.error().code, ErrorCode::kModel);
  EXPECT_THAT(loaded.error().message, HasSubstr(part));
  EXPECT_THAT(loaded.error().message, HasSubstr("open: tiny.gguf: "));
}

TEST(Gpt2GgufTest, TheMadeUpModelLoads) {
  const auto bytes = TinyGpt2{}.Builder().Build();
  const auto loaded = Load(bytes);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->spec.architecture, "gpt2");
  EXPECT_EQ(loaded->spec.head_dim, 4u);
  EXPECT_EQ(loaded->spec.n_kv_heads, 2u);
  ASSERT_EQ(loaded->spec.layers.size(), 2u);
  EXPECT_EQ(loaded->spec.layers[1].attention_scale, 0.5f);
  EXPECT_TRUE(loaded->weights.tied);
  EXPECT_EQ(loaded->weights.positions.rows, 16u);
}

TEST(Gpt2GgufTest, TheOtherSpellingOfPositionsServesToo) {
  const auto bytes =
      TinyGpt2{.without = {"position_embd.weight"}}
          .Builder()
          .Floats("pos_embd.weight", {16, 8}, std::vector<float>(16 * 8, 0.25f))
          .Build();
  const auto loaded = Load(bytes);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
}

TEST(Gpt2GgufTest, EachMissingTensorIsNamed) {
  for (const std::string name :
       {"token_embd.weight", "position_embd.weight", "output_norm.weight",
        "output_norm.bias", "blk.1.attn_norm.weight", "blk.0.attn_norm.bias",
        "blk.0.attn_qkv.weight", "blk.1.attn_output.weight",
        "blk.1.ffn_norm.bias", "blk.1.ffn_up.weight",
        "blk.0.ffn_down.weight"}) {
    ExpectRefused(TinyGpt2{.without = {name}}.Builder().Build(),
                  "tensor " + name);
  }
}

TEST(Gpt2GgufTest, EachMissingKeyIsNamed) {
  for (const std::string name :
       {"gpt2.context_length", "gpt2.embedding_length", "gpt2.block_count",
        "gpt2.feed_forward_length", "gpt2.attention.head_count"}) {
    ExpectRefused(TinyGpt2{.without = {name}}.Builder().Build(), name);
  }
}

TEST(Gpt2GgufTest, LyingSizesAreRefused) {
  const auto with = [](const std::string& key, std::uint64_t value) {
    return TinyGpt2{.without = {key}}
        .Builder()
        .Scalar<std::uint64_t>(key, value)
        .Build();
  };
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 62;
  ExpectRefused(with("gpt2.block_count", kHuge), "gpt2.block_count");
  ExpectRefused(with("gpt2.block_count", 3), "blk.2.");
  ExpectRefused(with("gpt2.embedding_length", kHuge), "gpt2.embedding_length");
  ExpectRefused(with("gpt2.embedding_length", 1 << 29), "token_embd.weight");
  ExpectRefused(with("gpt2.context_length", 17), "position_embd.weight");
  ExpectRefused(with("gpt2.feed_forward_length", 1 << 30), "ffn_up");
  ExpectRefused(with("gpt2.attention.head_count", 3), "evenly");
  ExpectRefused(with("gpt2.attention.head_count", 0), "head_count");
  ExpectRefused(with("gpt2.attention.head_count_kv", 1), "evenly");
}

TEST(Gpt2GgufTest, WhatMayAlterTheMathsIsRefusedByName) {
  ExpectRefused(
      TinyGpt2{}.Builder().Scalar<float>("gpt2.rope.freq_base", 1e4f).Build(),
      "gpt2.rope.freq_base");
  ExpectRefused(TinyGpt2{}
                    .Builder()
                    .Floats("blk.0.attn_q_norm.weight", {4}, {1, 1, 1, 1})
                    .Build(),
                "blk.0.attn_q_norm.weight");
  ExpectRefused(
      TinyGpt2{}.Builder().Bool("gpt2.attention.causal", false).Build(),
      "gpt2.attention.causal");
}

// The fused projection is one module; its thirds have names of their own.
TEST(Gpt2GgufTest, SitesAreTheModulesOfHuggingFace) {
  const testutil::TempDir folder;
  const std::string path = folder / "tiny.gguf";
  testutil::WriteFileBytes(path, TinyGpt2{}.Builder().Build());
  const auto model = Model::Open(path);
  ASSERT_TRUE(model.ok()) << model.error().message;
  const std::vector<TokenId> ids = {3, 1, 4, 1, 5};
  const auto trace = model->Run(
      ids,
      {.sites = {"transformer.wte", "hook_pos_embed", "embed",
                 "transformer.drop", "transformer.h.1.attn.c_attn",
                 "h.1.attn.q", "blocks.1.attn.hook_k", "model.model.h.1.attn.v",
                 "transformer.h.0.mlp.c_fc", "blocks.0.mlp.hook_pre",
                 "transformer.h.0.mlp.act", "transformer.h.0.mlp.post",
                 "transformer.h.0.mlp", "transformer.h.0.mlp.dropout",
                 "transformer", "lm_head"}});
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  const auto& at = trace->sites;
  EXPECT_TRUE(testutil::SameBits(at.at("embed"), at.at("transformer.drop")));
  EXPECT_TRUE(testutil::SameBits(at.at("transformer.h.0.mlp.c_fc"),
                                 at.at("blocks.0.mlp.hook_pre")));
  EXPECT_TRUE(testutil::SameBits(at.at("transformer.h.0.mlp.act"),
                                 at.at("transformer.h.0.mlp.post")));
  EXPECT_TRUE(testutil::SameBits(at.at("transformer.h.0.mlp"),
                                 at.at("transformer.h.0.mlp.dropout")));
  const Tensor& fused = at.at("transformer.h.1.attn.c_attn");
  ASSERT_EQ(fused.shape, (std::vector<std::size_t>{5, 24}));
  for (std::size_t t = 0; t < 5; ++t) {
    EXPECT_EQ(at.at("embed").Row(t)[0], at.at("transformer.wte").Row(t)[0] +
                                            at.at("hook_pos_embed").Row(t)[0]);
    for (std::size_t i = 0; i < 8; ++i) {
      EXPECT_EQ(fused.Row(t)[i], at.at("h.1.attn.q").Row(t)[i]);
      EXPECT_EQ(fused.Row(t)[8 + i], at.at("blocks.1.attn.hook_k").Row(t)[i]);
      EXPECT_EQ(fused.Row(t)[16 + i],
                at.at("model.model.h.1.attn.v").Row(t)[i]);
    }
  }
}

TEST(Gpt2GgufTest, APromptBeyondTheLearnedPositionsIsRefused) {
  const testutil::TempDir folder;
  const std::string path = folder / "tiny.gguf";
  testutil::WriteFileBytes(path, TinyGpt2{}.Builder().Build());
  const auto model = Model::Open(path);
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_TRUE(model->Run(std::vector<TokenId>(16, 1)).ok());
  const auto refused = model->Run(std::vector<TokenId>(17, 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace pellucid
