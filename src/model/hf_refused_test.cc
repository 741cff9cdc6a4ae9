// Folders in Hugging Face's layout that must not open: what alters the maths
// and is not understood, and files that do not fit together, each refused by
// name. A wrong number would be worse than none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "pellucid/model.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::HfModel;
using testutil::TempDir;
using testutil::TinyHfGpt2;
using testutil::TinyHfLlama;

void ExpectPathRefused(const std::string& path, const std::string& part) {
  const auto model = Model::Open(path);
  ASSERT_FALSE(model.ok()) << part;
  EXPECT_EQ(model.error().code, ErrorCode::kModel);
  EXPECT_THAT(model.error().message, HasSubstr("open: "));
  EXPECT_THAT(model.error().message, HasSubstr(part));
}

void ExpectRefused(const HfModel& folder, const std::string& part) {
  const TempDir dir;
  folder.Write(dir.path());
  ExpectPathRefused(dir.path(), part);
}

// `folder` with a key of config.json.
HfModel With(HfModel folder, const std::string& key, const std::string& json) {
  folder.config[key] = json;
  return folder;
}

void ExpectOpens(const HfModel& folder) {
  const TempDir dir;
  folder.Write(dir.path());
  const auto model = Model::Open(dir.path());
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_TRUE(model->Run(std::vector<TokenId>{1, 2, 3}).ok());
}

TEST(HfRefusedTest, TheUnspoiltFoldersOpen) {
  ExpectOpens(TinyHfLlama());
  ExpectOpens(TinyHfGpt2());
  const TempDir dir;
  TinyHfLlama().Write(dir.path(), /*shards=*/2);
  const auto model = Model::Open(dir.path());
  EXPECT_TRUE(model.ok()) << model.error().message;
}

TEST(HfRefusedTest, UnknownArchitectures) {
  ExpectRefused(With(TinyHfLlama(), "model_type", "\"mamba\""),
                "unsupported architecture");
  ExpectRefused(With(TinyHfLlama(), "model_type", "\"mamba\""), "mamba");
  ExpectRefused(With(TinyHfLlama(), "model_type", "7"), "model_type");
  ExpectRefused(HfModel{{{"hidden_size", "8"}}, TinyHfLlama().tensors},
                "unsupported architecture");
}

// A head that classifies is no language model.
TEST(HfRefusedTest, AnotherHead) {
  ExpectRefused(With(TinyHfLlama(), "architectures",
                     "[\"LlamaForSequenceClassification\"]"),
                "LlamaForSequenceClassification");
}

TEST(HfRefusedTest, KeysThatAlterTheMaths) {
  ExpectRefused(With(TinyHfGpt2(), "add_cross_attention", "true"),
                "add_cross_attention");
  ExpectRefused(With(TinyHfGpt2(), "activation_function", "\"gelu_7\""),
                "gelu_7");
  ExpectRefused(With(TinyHfLlama(), "hidden_act", "\"snake\""), "snake");
  ExpectRefused(With(TinyHfLlama(), "attn_logit_softcapping", "50.0"),
                "attn_logit_softcapping");
  for (const std::string method : {"awq", "gptq"}) {
    ExpectRefused(With(TinyHfLlama(), "quantization_config",
                       R"({"quant_method": ")" + method + "\", \"bits\": 4}"),
                  "quantization_config");
  }
}

TEST(HfRefusedTest, RotaryScalingThatIsUnknown) {
  for (const std::string key : {"rope_scaling", "rope_parameters"}) {
    ExpectRefused(
        With(TinyHfLlama(), key, R"({"rope_type": "spiral", "factor": 2.0})"),
        "spiral");
    ExpectRefused(With(TinyHfLlama(), key, R"({"rope_type": "linear"})"),
                  "factor");
  }
  ExpectRefused(With(TinyHfLlama(), "rope_scaling",
                     R"({"type": "spiral", "factor": 2.0})"),
                "spiral");
}

TEST(HfRefusedTest, SizesThatLie) {
  ExpectRefused(With(TinyHfLlama(), "hidden_size", "16"), "[19, 16]");
  ExpectRefused(With(TinyHfLlama(), "num_attention_heads", "0"),
                "num_attention_heads");
  ExpectRefused(With(TinyHfLlama(), "num_attention_heads", "3"), "3");
  ExpectRefused(With(TinyHfLlama(), "num_hidden_layers", "3"),
                "model.layers.2.");
  ExpectRefused(With(TinyHfLlama(), "num_hidden_layers", "1"),
                "model.layers.1.");
  ExpectRefused(With(TinyHfLlama(), "vocab_size", "20"), "20");
  ExpectRefused(With(TinyHfGpt2(), "n_positions", "17"), "wpe");
  ExpectRefused(With(TinyHfGpt2(), "n_inner", "31"), "c_fc");
  ExpectRefused(With(TinyHfGpt2(), "n_head", "4"), "4");
  for (const std::string json : {"4611686018427387904", "-1", "1.5", "\"8\"",
                                 "18446744073709551615", "1e300"}) {
    ExpectRefused(With(TinyHfGpt2(), "n_layer", json), "n_layer");
    ExpectRefused(With(TinyHfLlama(), "hidden_size", json), "hidden_size");
  }
}

TEST(HfRefusedTest, EachMissingTensorIsNamed) {
  for (const HfModel& whole : {TinyHfLlama(), TinyHfGpt2()}) {
    for (const testutil::HfTensor& tensor : whole.tensors) {
      HfModel folder = whole;
      folder.Remove(tensor.name);
      ExpectRefused(folder, tensor.name);
    }
  }
}

TEST(HfRefusedTest, AnUntiedHeadThatIsMissing) {
  ExpectRefused(With(TinyHfLlama(), "tie_word_embeddings", "false"),
                "lm_head.weight");
}

TEST(HfRefusedTest, UnexpectedTensors) {
  for (const std::string name :
       {"model.layers.0.self_attn.q_norm.weight", "classifier.weight",
        "model.layers.2.mlp.up_proj.weight",
        "model.layers.1.self_attn.q_proj.bias"}) {
    HfModel folder = TinyHfLlama();
    folder.Add(name, {8});
    ExpectRefused(folder, name);
  }
}

TEST(HfRefusedTest, WrongShapes) {
  const auto reshaped = [](HfModel folder, const std::string& name,
                           const std::vector<std::size_t>& shape) {
    folder[name].shape = shape;  // as many elements
    return folder;
  };
  std::string name = "model.layers.1.mlp.down_proj.weight";
  ExpectRefused(reshaped(TinyHfLlama(), name, {12, 8}), name);
  name = "model.norm.weight";
  ExpectRefused(reshaped(TinyHfLlama(), name, {8, 1}), name);
  name = "transformer.h.0.mlp.c_proj.weight";
  ExpectRefused(reshaped(TinyHfGpt2(), name, {6, 24}), name);
}

// A folder of two shards with its index.
class HfShardsTest : public ::testing::Test {
 protected:
  HfShardsTest() { TinyHfLlama().Write(dir_.path(), /*shards=*/2); }

  std::string Index() const { return dir_ / "model.safetensors.index.json"; }
  std::string Shard(int i) const { return dir_ / ShardName(i); }
  static std::string ShardName(int i) {
    return "model-0000" + std::to_string(i) + "-of-00002.safetensors";
  }

  TempDir dir_;
};

TEST_F(HfShardsTest, AShardThatIsMissing) {
  std::filesystem::remove(Shard(2));
  ExpectPathRefused(dir_.path(), ShardName(2));
}

TEST_F(HfShardsTest, AShardThatIsCut) {
  std::filesystem::resize_file(Shard(1), 1000);
  ExpectPathRefused(dir_.path(), ShardName(1));
}

TEST_F(HfShardsTest, AnIndexThatLeadsOutOfTheFolder) {
  testutil::WriteFileText(
      Index(), R"({"weight_map": {"model.norm.weight": "../x.safetensors"}})");
  ExpectPathRefused(dir_.path(), "../x.safetensors");
}

TEST_F(HfShardsTest, ATensorInAnotherShardThanTheIndexSays) {
  std::string text = testutil::ReadFileText(Index());
  const std::string key = "\"model.norm.weight\": \"model-0000";
  const std::size_t at = text.find(key);
  ASSERT_NE(at, std::string::npos);
  char& digit = text[at + key.size()];
  digit = digit == '1' ? '2' : '1';
  testutil::WriteFileText(Index(), text);
  ExpectPathRefused(dir_.path(), "model.norm.weight");
}

TEST(HfRefusedTest, FoldersWithoutWhatIsNeeded) {
  {
    const TempDir dir;
    TinyHfLlama().Write(dir.path());
    std::filesystem::remove(dir / "config.json");
    ExpectPathRefused(dir.path(), "config.json");
  }
  {
    const TempDir dir;
    testutil::WriteFileText(dir / "config.json", TinyHfLlama().ConfigText());
    testutil::WriteFileText(dir / "pytorch_model.bin", "PK");
    ExpectPathRefused(dir.path(), "pytorch_model.bin");
  }
  {
    const TempDir dir;
    testutil::WriteFileText(dir / "config.json", TinyHfLlama().ConfigText());
    ExpectPathRefused(dir.path(), "safetensors");
  }
  {
    const TempDir dir;
    ExpectPathRefused(dir.path(), "config.json");
  }
  for (const std::string text : {"", "[]", "{", "null"}) {
    const TempDir dir;
    TinyHfLlama().Write(dir.path());
    testutil::WriteFileText(dir / "config.json", text);
    ExpectPathRefused(dir.path(), "config.json");
  }
}

// What config.json says as a matter of course, or says is not so.
TEST(HfRefusedTest, KeysAtTheirDefaultsDoNoHarm) {
  for (const auto& [key, json] :
       std::vector<std::pair<std::string, std::string>>{
           {"attn_logit_softcapping", "null"},
           {"quantization_config", "null"},
           {"rope_scaling", "null"},
           {"rope_scaling", R"({"rope_type": "default"})"},
           {"attention_dropout", "0.1"},
           {"pretraining_tp", "4"},
           {"head_dim", "null"},
           {"tie_word_embeddings", "true"},
           {"torch_dtype", "\"bfloat16\""},
           {"transformers_version", "\"4.31.0\""}}) {
    ExpectOpens(With(TinyHfLlama(), key, json));
  }
  ExpectOpens(With(TinyHfGpt2(), "add_cross_attention", "false"));
  ExpectOpens(With(TinyHfGpt2(), "n_inner", "null"));
}

// Of several parts that are gone, and of parts under names that nobody knows.
TEST(HfRefusedTest, EveryTensorThatIsMissingOrLeftOverIsNamed) {
  HfModel model = With(TinyHfLlama(), "tie_word_embeddings", "false");
  model.Rename("model.layers.1.mlp", "model.layers.1.ffn");
  model.Remove("model.embed_tokens.weight");
  model.Remove("model.norm.weight");
  for (const std::string name :
       {"6 tensors: are missing: ", "model.embed_tokens.weight",
        "lm_head.weight", "model.norm.weight",
        "model.layers.1.mlp.gate_proj.weight",
        "model.layers.1.mlp.up_proj.weight",
        "model.layers.1.mlp.down_proj.weight", "and 3 tensors are not part of",
        "model.layers.1.ffn.gate_proj.weight",
        "model.layers.1.ffn.up_proj.weight",
        "model.layers.1.ffn.down_proj.weight"}) {
    ExpectRefused(model, name);
  }
}

// Sizes that no tensor bears out must not decide what is allocated.
TEST(HfRefusedTest, MissingTensorsBesideSizesThatLie) {
  HfModel model = TinyHfLlama();
  model.tensors.clear();
  model.Add("model.other.weight", {1});
  for (const std::string key :
       {"hidden_size", "intermediate_size", "vocab_size", "num_hidden_layers",
        "max_position_embeddings"}) {
    ExpectRefused(
        With(model, key, key == "num_hidden_layers" ? "4096" : "1073741824"),
        "missing: ");
  }
}

}  // namespace
}  // namespace pellucid
