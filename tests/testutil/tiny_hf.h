// Model folders in Hugging Face's layout, made on the spot: small models drawn
// from a fixed seed, whose configuration and tensors a test can spoil before
// it writes them.
#ifndef PELLUCID_TESTS_TESTUTIL_TINY_HF_H_
#define PELLUCID_TESTS_TESTUTIL_TINY_HF_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pellucid::testutil {

struct HfTensor {
  std::string name;
  std::vector<std::size_t> shape;
  std::vector<float> values;
};

struct HfModel {
  std::map<std::string, std::string> config;  // key to JSON text
  std::vector<HfTensor> tensors;

  // The tensor `name`, which is there.
  HfTensor& operator[](std::string_view name);
  void Remove(std::string_view name);
  void Add(std::string_view name, const std::vector<std::size_t>& shape);
  // Replaces a beginning of tensors' names.
  void Rename(std::string_view prefix, std::string_view by);

  std::string ConfigText() const;

  // config.json and model.safetensors into `folder`, which is there. With
  // several `shards`, model-0000I-of-0000N.safetensors and their index, tensors
  // dealt out one after another.
  void Write(const std::string& folder, std::size_t shards = 1) const;
};

// LlamaForCausalLM: two layers, d_model 8, two heads, one key-value head, d_mlp
// 12, vocabulary 19, context 16; tied.
HfModel TinyHfLlama();

// GPT2LMHeadModel: two layers, d_model 6, two heads, d_mlp 24, vocabulary 19,
// context 16.
HfModel TinyHfGpt2();

void WriteFileText(const std::string& path, std::string_view text);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_TINY_HF_H_
