#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "model/family.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::HfModel;

class Gpt2HfTest : public ::testing::Test {
 protected:
  Result<LoadedModel> Load() {
    model_.Write(dir_.path());
    auto folder = HfFolder::Open(dir_.path());
    if (!folder.ok()) return folder.error();
    folder_ = std::make_unique<HfFolder>(*std::move(folder));
    return LoadFromHf(*folder_);
  }
  std::string ErrorOf() {
    const auto loaded = Load();
    return loaded.ok() ? "no error" : loaded.error().message;
  }
  std::string ErrorWith(const std::string& key, const std::string& value) {
    model_ = testutil::TinyHfGpt2();
    model_.config[key] = value;
    return ErrorOf();
  }

  testutil::TempDir dir_;
  std::unique_ptr<HfFolder> folder_;
  HfModel model_ = testutil::TinyHfGpt2();
};

TEST_F(Gpt2HfTest, ReadsSizesAndConv1dWeightsAsTheyLie) {
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->spec.architecture, "gpt2");
  EXPECT_EQ(loaded->spec.d_mlp, 24u);
  EXPECT_EQ(loaded->spec.head_dim, 3u);
  EXPECT_EQ(loaded->spec.norm_eps, 1e-5f);
  EXPECT_EQ(loaded->spec.activation, kernels::Activation::kGeluTanh);
  EXPECT_TRUE(loaded->weights.tied);
  EXPECT_EQ(loaded->weights.positions.rows, 16u);
  const WeightView& qkv = loaded->weights.layers[1].qkv.weight;
  EXPECT_TRUE(qkv.transposed);
  EXPECT_EQ(qkv.rows, 18u);
  EXPECT_EQ(qkv.cols, 6u);
}

// Keys of the folders gpt2 and distilgpt2, and of what version 5 writes.
TEST_F(Gpt2HfTest, PublishedConfigurationsOpen) {
  const std::map<std::string, std::string> published = {
      {"activation_function", "\"gelu_new\""},
      {"_num_labels", "1"},
      {"attn_pdrop", "0.1"},
      {"bos_token_id", "50256"},
      {"dtype", "\"float32\""},
      {"embd_pdrop", "0.1"},
      {"eos_token_id", "50256"},
      {"id2label", R"({"0": "LABEL_0"})"},
      {"initializer_range", "0.02"},
      {"label2id", R"({"LABEL_0": 0})"},
      {"layer_norm_epsilon", "1e-05"},
      {"n_inner", "null"},
      {"output_past", "true"},
      {"pad_token_id", "null"},
      {"predict_special_tokens", "true"},
      {"reorder_and_upcast_attn", "false"},
      {"resid_pdrop", "0.1"},
      {"scale_attn_by_inverse_layer_idx", "false"},
      {"scale_attn_weights", "true"},
      {"summary_activation", "null"},
      {"summary_first_dropout", "0.1"},
      {"summary_proj_to_labels", "true"},
      {"summary_type", "\"cls_index\""},
      {"summary_use_proj", "true"},
      {"task_specific_params", R"({"text-generation": {"max_length": 50}})"},
      {"tie_word_embeddings", "true"},
      {"transformers_version", "\"5.0\""},
      {"use_cache", "true"}};
  for (const auto& [key, value] : published) model_.config[key] = value;
  EXPECT_EQ(ErrorOf(), "no error");
}

// The original files: no base prefix, buffers stored.
TEST_F(Gpt2HfTest, TheOriginalFilesOpen) {
  model_.Rename("transformer.", "");
  model_.Add("h.0.attn.bias", {1, 1, 16, 16});
  model_.Add("h.1.attn.masked_bias", {});
  EXPECT_EQ(ErrorOf(), "no error");
}

TEST_F(Gpt2HfTest, AttentionScalesByWidthAndLayer) {
  model_.config["scale_attn_weights"] = "false";
  model_.config["scale_attn_by_inverse_layer_idx"] = "true";
  const ArchSpec spec = Load().value().spec;
  EXPECT_EQ(spec.layers[0].attention_scale, 1.0f);
  EXPECT_EQ(spec.layers[1].attention_scale, 0.5f);
}

TEST_F(Gpt2HfTest, WhatIsMissingOrUnsupportedIsNamed) {
  EXPECT_THAT(ErrorWith("add_cross_attention", "true"),
              HasSubstr("add_cross_attention: is true: unsupported"));
  EXPECT_THAT(ErrorWith("n_head", "4"), HasSubstr("do not share 6 features"));
  EXPECT_THAT(ErrorWith("n_positions", "17"),
              HasSubstr("transformer.wpe.weight: has shape [16, 6]"));
  EXPECT_THAT(ErrorWith("n_inner", "23"),
              HasSubstr("mlp.c_fc.weight: has shape [6, 24] where config.json "
                        "wants [6, 23]"));
  EXPECT_THAT(ErrorWith("pruned_heads", R"({"0": [1]})"),
              HasSubstr("pruned_heads"));
  model_ = testutil::TinyHfGpt2();
  model_.Remove("transformer.h.1.ln_2.bias");
  EXPECT_THAT(ErrorOf(), HasSubstr("tensor transformer.h.1.ln_2.bias: is "
                                   "missing"));
}

}  // namespace
}  // namespace pellucid
