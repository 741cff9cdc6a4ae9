// Llama folders: what published configurations hold opens, what alters the
// maths is refused, and a folder gives the bits of the same weights as GGUF.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#include "formats/gguf.h"
#include "kernels/rope.h"
#include "model/family.h"
#include "pellucid/model.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::HfModel;

class LlamaHfTest : public ::testing::Test {
 protected:
  // The spec, or a message.
  Result<ArchSpec> Load(std::size_t shards = 1) {
    const testutil::TempDir dir;
    model_.Write(dir.path(), shards);
    PELLUCID_ASSIGN_OR_RETURN(const HfFolder folder,
                              HfFolder::Open(dir.path()));
    PELLUCID_ASSIGN_OR_RETURN(LoadedModel loaded, LoadFromHf(folder));
    tied_ = loaded.weights.tied;
    return std::move(loaded.spec);
  }
  std::string ErrorOf() {
    const auto spec = Load();
    if (spec.ok()) return "no error";
    EXPECT_EQ(spec.error().code, ErrorCode::kModel);
    return spec.error().message;
  }
  std::string ErrorWith(const std::string& key, const std::string& value) {
    model_ = testutil::TinyHfLlama();
    model_.config[key] = value;
    return ErrorOf();
  }
  std::string ErrorWithout(const std::string& name) {
    model_ = testutil::TinyHfLlama();
    model_.config.erase(name);
    model_.Remove(name);
    return ErrorOf();
  }
  void Add(const std::map<std::string, std::string>& config) {
    for (const auto& [key, value] : config) model_.config[key] = value;
  }

  HfModel model_ = testutil::TinyHfLlama();
  bool tied_ = false;
};

TEST_F(LlamaHfTest, ReadsSizesAndDefaults) {
  const auto spec = Load();
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->architecture, "llama");
  EXPECT_EQ(spec->n_layers, 2u);
  EXPECT_EQ(spec->n_kv_heads, 1u);
  EXPECT_EQ(spec->head_dim, 4u);
  EXPECT_EQ(spec->context_length, 16u);
  EXPECT_EQ(spec->norm_eps, 1e-5f);
  EXPECT_EQ(spec->layers[1].attention_scale, 0.5f);
  EXPECT_EQ(spec->ropes.front().inv_freq,
            kernels::InverseFrequencies(10000, 4));
  EXPECT_EQ(spec->activation, kernels::Activation::kSilu);
  EXPECT_TRUE(tied_);
  EXPECT_TRUE(Load(/*shards=*/3).ok());

  model_.config.erase("rms_norm_eps");
  model_.config.erase("rope_theta");
  model_.config.erase("max_position_embeddings");
  model_.config["head_dim"] = "null";
  const auto defaults = Load();
  ASSERT_TRUE(defaults.ok()) << defaults.error().message;
  EXPECT_EQ(defaults->norm_eps, 1e-6f);
  EXPECT_EQ(defaults->context_length, 2048u);
  EXPECT_EQ(defaults->ropes.front().inv_freq,
            kernels::InverseFrequencies(10000, 4));
}

// Keys of published folders beside the sizes.
TEST_F(LlamaHfTest, PublishedConfigurationsOpen) {
  const std::map<std::string, std::string> common = {
      {"bos_token_id", "1"},           {"eos_token_id", "[2, 3]"},
      {"pad_token_id", "-1"},          {"initializer_range", "0.02"},
      {"hidden_act", "\"silu\""},      {"use_cache", "true"},
      {"torch_dtype", "\"bfloat16\""}, {"transformers_version", "\"4.45\""},
      {"attention_bias", "false"},     {"attention_dropout", "0.0"},
      {"mlp_bias", "false"},           {"pretraining_tp", "1"},
      {"rope_scaling", "null"},        {"_name_or_path", "\"x\""}};
  const std::map<std::string, std::string> smollm2 = {
      {"is_llama_config", "true"},
      {"rope_interleaved", "false"},
      {"transformers.js_config", R"({"dtype": "q4", "kv_cache_dtype": {}})"}};
  const std::map<std::string, std::string> first_llama = {
      {"architectures", "[\"LLaMAForCausalLM\"]"},
      {"max_sequence_length", "2048"}};
  const std::map<std::string, std::string> llama3 = {
      {"rope_theta", "500000.0"},
      {"rope_scaling", R"({"factor": 32.0, "high_freq_factor": 4.0,
          "low_freq_factor": 1.0, "original_max_position_embeddings": 8192,
          "rope_type": "llama3"})"}};
  const std::map<std::string, std::string> version5 = {
      {"dtype", "\"float32\""},
      {"rope_parameters",
       R"({"rope_theta": 100000.0, "rope_type": "default"})"},
      {"chunk_size_feed_forward", "0"},
      {"id2label", R"({"0": "LABEL_0", "1": "LABEL_1"})"},
      {"is_encoder_decoder", "false"},
      {"output_hidden_states", "false"},
      {"problem_type", "null"},
      {"return_dict", "true"}};
  for (const auto& more : {common, smollm2, first_llama, llama3, version5}) {
    model_ = testutil::TinyHfLlama();
    Add(common);
    Add(more);
    EXPECT_EQ(ErrorOf(), "no error");
  }
}

TEST_F(LlamaHfTest, BothSpellingsOfRotaryScaling) {
  const auto frequencies = [&] {
    return Load().value().ropes.front().inv_freq;
  };
  Add({{"rope_theta", "500.0"},
       {"rope_scaling", R"({"type": "linear", "factor": 4})"}});
  std::vector<float> linear = kernels::InverseFrequencies(500, 4);
  for (float& f : linear) f /= 4;
  EXPECT_EQ(frequencies(), linear);
  Add({{"rope_theta", "7.0"},
       {"rope_scaling", "null"},
       {"rope_parameters",
        R"({"rope_type": "linear", "factor": 4.0, "rope_theta": 500})"}});
  EXPECT_EQ(frequencies(), linear);

  const std::string llama3 = R"("low_freq_factor": 1, "high_freq_factor": 4,
      "factor": 8, "original_max_position_embeddings": 100)";
  Add({{"rope_parameters",
        "{\"rope_type\": \"llama3\", \"rope_theta\": 500, " + llama3 + "}"}});
  const std::vector<float> scaled = frequencies();
  std::vector<float> expected = kernels::InverseFrequencies(500, 4);
  expected[1] /= 8;
  EXPECT_EQ(scaled, expected);
  Add({{"rope_theta", "500"},
       {"rope_parameters", "null"},
       {"rope_scaling", "{\"type\": \"llama3\", " + llama3 + "}"}});
  EXPECT_EQ(frequencies(), scaled);
}

TEST_F(LlamaHfTest, RotaryScalingThatIsNotKnownIsRefused) {
  EXPECT_THAT(ErrorWith("rope_scaling", R"({"type": "abf", "factor": 2})"),
              HasSubstr("rope_scaling.type: is \"abf\""));
  EXPECT_THAT(ErrorWith("rope_scaling", R"({"type": "linear"})"),
              HasSubstr("rope_scaling.factor: is missing"));
  EXPECT_THAT(ErrorWith("rope_scaling", R"({"mrope_section": [1]})"),
              HasSubstr("rope_scaling.mrope_section"));
  EXPECT_THAT(ErrorWith("rope_theta", "1e-30"),
              HasSubstr("rotary frequencies"));
  EXPECT_THAT(ErrorWith("rope_theta", "0"), HasSubstr("rope_theta"));
  EXPECT_THAT(ErrorWith("rope_scaling",
                        R"({"type": "llama3", "factor": 8, "low_freq_factor": 4,
                    "high_freq_factor": 4})"),
              HasSubstr("high_freq_factor: is 4, not above"));
}

TEST_F(LlamaHfTest, BiasesAreThereWhereTheConfigSaysSo) {
  const auto with_biases = [&](const std::vector<std::string>& projections) {
    model_ = testutil::TinyHfLlama();
    for (const std::string block : {"model.layers.0.", "model.layers.1."}) {
      for (const std::string& name : projections) {
        const std::size_t rows = model_[block + name + ".weight"].shape.front();
        model_.Add(block + name + ".bias", {rows});
      }
    }
  };
  with_biases({"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
               "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj",
               "mlp.down_proj"});
  Add({{"attention_bias", "true"}, {"mlp_bias", "true"}});
  EXPECT_EQ(ErrorOf(), "no error");
  Add({{"mlp_bias", "false"}});
  EXPECT_THAT(ErrorOf(), HasSubstr("6 tensors: are not part of"));
  EXPECT_THAT(
      ErrorWith("attention_bias", "true"),
      HasSubstr(
          "8 tensors: are missing: model.layers.0.self_attn.k_proj.bias"));
}

TEST_F(LlamaHfTest, EachMissingTensorAndKeyIsNamed) {
  for (const std::string name :
       {"model.embed_tokens.weight", "model.norm.weight",
        "model.layers.1.input_layernorm.weight",
        "model.layers.0.self_attn.q_proj.weight",
        "model.layers.1.self_attn.v_proj.weight",
        "model.layers.1.mlp.down_proj.weight", "vocab_size", "hidden_size",
        "intermediate_size", "num_hidden_layers", "num_attention_heads"}) {
    EXPECT_THAT(ErrorWithout(name), HasSubstr(name)) << name;
  }
  EXPECT_THAT(ErrorWithout("tie_word_embeddings"),
              HasSubstr("tensor lm_head.weight: is missing, and config.json"));
}

TEST_F(LlamaHfTest, WhatDoesNotBelongIsNamed) {
  model_.Add("model.layers.2.input_layernorm.weight", {8});
  EXPECT_THAT(ErrorOf(), HasSubstr("model.layers.2.input_layernorm.weight"));
  EXPECT_THAT(ErrorWith("attn_logit_softcapping", "50.0"),
              HasSubstr("config.json: attn_logit_softcapping: is 50.0"));
  EXPECT_THAT(ErrorWith("residual_multiplier", "0.5"),
              HasSubstr("residual_multiplier"));
  EXPECT_THAT(ErrorWith("num_local_experts", "8"),
              HasSubstr("num_local_experts"));
  EXPECT_THAT(ErrorWith("rope_interleaved", "true"),
              HasSubstr("rope_interleaved"));
  EXPECT_THAT(ErrorWith("hidden_act", "\"xielu\""), HasSubstr("\"xielu\""));
}

TEST_F(LlamaHfTest, LyingSizesAreRefusedBeforeAnythingIsAllocated) {
  const std::string huge = "4611686018427387904";
  for (const std::string key :
       {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
        "num_attention_heads", "num_key_value_heads", "head_dim",
        "max_position_embeddings"}) {
    EXPECT_THAT(ErrorWith(key, huge), HasSubstr(key + ": is " + huge));
    EXPECT_THAT(ErrorWith(key, "0"), HasSubstr(key + ": is 0"));
  }
  EXPECT_THAT(ErrorWith("hidden_size", "536870912"), HasSubstr("embed_tokens"));
  EXPECT_THAT(ErrorWith("head_dim", "536870914"), HasSubstr("too large"));
  EXPECT_THAT(ErrorWith("head_dim", "268435456"), HasSubstr("q_proj"));
  EXPECT_THAT(ErrorWith("num_attention_heads", "3"), HasSubstr("no multiple"));
  EXPECT_THAT(ErrorWith("num_hidden_layers", "3"), HasSubstr("layers.2."));
}

TEST_F(LlamaHfTest, NamesWithoutTheBasePrefixServe) {
  model_.Rename("model.", "");
  EXPECT_EQ(ErrorOf(), "no error");
}

// The same numbers in both formats, but for the order of q and k rows: row
// 2i + t of a head of the GGUF is row t * 2 + i of the folder.
TEST_F(LlamaHfTest, AFolderGivesTheBitsOfTheSameWeightsAsGguf) {
  const auto bytes = testutil::TinyLlama{}.Builder().Build();
  const GgufFile file = GgufFile::Parse(bytes, "tiny.gguf").value();
  const std::map<std::string, std::string> names = {
      {"input_layernorm", "attn_norm"},
      {"self_attn.q_proj", "attn_q"},
      {"self_attn.k_proj", "attn_k"},
      {"self_attn.v_proj", "attn_v"},
      {"self_attn.o_proj", "attn_output"},
      {"post_attention_layernorm", "ffn_norm"},
      {"mlp.gate_proj", "ffn_gate"},
      {"mlp.up_proj", "ffn_up"},
      {"mlp.down_proj", "ffn_down"}};
  const auto copy = [&](const std::string& from, testutil::HfTensor& to) {
    const GgufTensor* tensor = file.FindTensor(from + ".weight");
    ASSERT_NE(tensor, nullptr) << from;
    ASSERT_EQ(tensor->shape, to.shape) << from;
    std::memcpy(to.values.data(), tensor->data.data(), tensor->data.size());
    if (!from.ends_with("attn_q") && !from.ends_with("attn_k")) return;
    const std::vector<float> stored = to.values;
    for (std::size_t row = 0; row < to.shape[0]; ++row) {
      const std::size_t from_row = row / 4 * 4 + 2 * (row % 2) + row % 4 / 2;
      std::copy_n(stored.begin() + static_cast<std::ptrdiff_t>(8 * from_row), 8,
                  to.values.begin() + static_cast<std::ptrdiff_t>(8 * row));
    }
  };
  copy("token_embd", model_["model.embed_tokens.weight"]);
  copy("output_norm", model_["model.norm.weight"]);
  for (const std::string layer : {"0", "1"}) {
    for (const auto& [hf, gguf] : names) {
      copy("blk." + layer + "." + gguf,
           model_["model.layers." + layer + "." + hf + ".weight"]);
    }
  }
  const testutil::TempDir dir;
  model_.Write(dir.path(), /*shards=*/2);
  testutil::WriteFileBytes(dir / "tiny.gguf", bytes);
  const auto logits = [&](const std::string& path) {
    const std::vector<TokenId> ids = {1, 2, 3, 18, 0};
    const auto trace =
        Model::Open(path).value().Run(ids, {.last_logits = true});
    return trace.value().last_logits;
  };
  EXPECT_EQ(logits(dir.path()), logits(dir / "tiny.gguf"));
}

}  // namespace
}  // namespace pellucid
