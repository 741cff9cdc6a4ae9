#include "testutil/tiny_hf.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <functional>
#include <numeric>

#include "testutil/gguf_builder.h"
#include "testutil/noise.h"
#include "testutil/safetensors_builder.h"
#include "testutil/temp_dir.h"

namespace pellucid::testutil {
namespace {

std::string ShardName(std::size_t shard, std::size_t shards) {
  char name[64];
  std::snprintf(name, sizeof(name), "model-%05zu-of-%05zu.safetensors",
                shard + 1, shards);
  return name;
}

}  // namespace

HfTensor& HfModel::operator[](std::string_view name) {
  const auto it = std::ranges::find(tensors, name, &HfTensor::name);
  assert(it != tensors.end());
  return *it;
}

void HfModel::Remove(std::string_view name) {
  std::erase_if(tensors, [&](const HfTensor& t) { return t.name == name; });
}

void HfModel::Add(std::string_view name,
                  const std::vector<std::size_t>& shape) {
  const std::size_t size = std::accumulate(shape.begin(), shape.end(),
                                           std::size_t{1}, std::multiplies<>());
  const std::uint64_t seed = 1 + tensors.size();
  tensors.push_back({std::string(name), shape, Noise(size, seed)});
}

void HfModel::Rename(std::string_view prefix, std::string_view by) {
  for (HfTensor& tensor : tensors) {
    if (tensor.name.starts_with(prefix)) {
      tensor.name.replace(0, prefix.size(), by);
    }
  }
}

std::string HfModel::ConfigText() const {
  std::string text;
  for (const auto& [key, value] : config) {
    text += (text.empty() ? "{\"" : ",\n \"") + key + "\": " + value;
  }
  return text + "}\n";
}

void HfModel::Write(const std::string& folder, std::size_t shards) const {
  WriteFileText(folder + "/config.json", ConfigText());
  std::vector<SafetensorsBuilder> files(shards);
  std::string map;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const HfTensor& tensor = tensors[i];
    files[i % shards].Floats(tensor.name, tensor.shape, tensor.values);
    map += (map.empty() ? "\"" : ", \"") + tensor.name + "\": \"" +
           ShardName(i % shards, shards) + "\"";
  }
  if (shards == 1) {
    WriteFileBytes(folder + "/model.safetensors", files[0].Build());
    return;
  }
  for (std::size_t shard = 0; shard < shards; ++shard) {
    WriteFileBytes(folder + "/" + ShardName(shard, shards),
                   files[shard].Build());
  }
  WriteFileText(
      folder + "/model.safetensors.index.json",
      R"({"metadata": {"total_size": 1.5}, "weight_map": {)" + map + "}}");
}

HfModel TinyHfLlama() {
  HfModel model;
  model.config = {{"model_type", "\"llama\""},
                  {"architectures", "[\"LlamaForCausalLM\"]"},
                  {"vocab_size", "19"},
                  {"hidden_size", "8"},
                  {"intermediate_size", "12"},
                  {"num_hidden_layers", "2"},
                  {"num_attention_heads", "2"},
                  {"num_key_value_heads", "1"},
                  {"max_position_embeddings", "16"},
                  {"rms_norm_eps", "1e-5"},
                  {"rope_theta", "10000.0"},
                  {"tie_word_embeddings", "true"}};
  model.Add("model.embed_tokens.weight", {19, 8});
  for (const std::string block : {"model.layers.0.", "model.layers.1."}) {
    model.Add(block + "input_layernorm.weight", {8});
    model.Add(block + "self_attn.q_proj.weight", {8, 8});
    model.Add(block + "self_attn.k_proj.weight", {4, 8});
    model.Add(block + "self_attn.v_proj.weight", {4, 8});
    model.Add(block + "self_attn.o_proj.weight", {8, 8});
    model.Add(block + "post_attention_layernorm.weight", {8});
    model.Add(block + "mlp.gate_proj.weight", {12, 8});
    model.Add(block + "mlp.up_proj.weight", {12, 8});
    model.Add(block + "mlp.down_proj.weight", {8, 12});
  }
  model.Add("model.norm.weight", {8});
  return model;
}

HfModel TinyHfGpt2() {
  HfModel model;
  model.config = {
      {"model_type", "\"gpt2\""}, {"architectures", "[\"GPT2LMHeadModel\"]"},
      {"vocab_size", "19"},       {"n_embd", "6"},
      {"n_layer", "2"},           {"n_head", "2"},
      {"n_positions", "16"},      {"n_ctx", "16"}};
  model.Add("transformer.wte.weight", {19, 6});
  model.Add("transformer.wpe.weight", {16, 6});
  for (const std::string block : {"transformer.h.0.", "transformer.h.1."}) {
    for (const std::string norm : {"ln_1", "ln_2"}) {
      model.Add(block + norm + ".weight", {6});
      model.Add(block + norm + ".bias", {6});
    }
    model.Add(block + "attn.c_attn.weight", {6, 18});
    model.Add(block + "attn.c_attn.bias", {18});
    model.Add(block + "attn.c_proj.weight", {6, 6});
    model.Add(block + "attn.c_proj.bias", {6});
    model.Add(block + "mlp.c_fc.weight", {6, 24});
    model.Add(block + "mlp.c_fc.bias", {24});
    model.Add(block + "mlp.c_proj.weight", {24, 6});
    model.Add(block + "mlp.c_proj.bias", {6});
  }
  model.Add("transformer.ln_f.weight", {6});
  model.Add("transformer.ln_f.bias", {6});
  return model;
}

void WriteFileText(const std::string& path, std::string_view text) {
  WriteFileBytes(path, std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace pellucid::testutil
