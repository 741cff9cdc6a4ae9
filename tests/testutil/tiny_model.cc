#include "testutil/tiny_model.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "testutil/noise.h"

namespace pellucid::testutil {

std::string TinyLlamaPath(std::string_view name) {
  return PELLUCID_SOURCE_DIR "/tests/golden/tiny_llama/" + std::string(name) +
         ".gguf";
}

std::vector<std::string> TinyLlamaNames() {
  return {"mha_tied_f32",
          "gqa_untied_f16",
          "head_dim_f16",
          "bias_f16",
          "bf16",
          "rope_linear_f16",
          "rope_llama3_f16",
          "eps_theta_f16",
          "q4_0",
          "q4_1",
          "q5_0",
          "q5_1",
          "q8_0",
          "q4_k",
          "q5_k",
          "q6_k"};
}

namespace {

// Adds what a test did not leave out; tensors are drawn one after another.
class Draft {
 public:
  explicit Draft(const std::vector<std::string>& without) : without_(without) {}

  void Text(const std::string& name, const std::string& value) {
    if (Wanted(name)) builder_.String(name, value);
  }
  void Count(const std::string& name, std::uint32_t value) {
    if (Wanted(name)) builder_.Scalar<std::uint32_t>(name, value);
  }
  void Number(const std::string& name, float value) {
    if (Wanted(name)) builder_.Scalar<float>(name, value);
  }
  void Spoil(const std::string& name, float value) {
    spoil_ = name;
    spoil_value_ = value;
  }
  void Weight(const std::string& name, const std::vector<std::size_t>& shape) {
    std::size_t size = 1;
    for (const std::size_t dim : shape) size *= dim;
    std::vector<float> values = Noise(size, seed_++);
    if (name == spoil_) values[0] = spoil_value_;
    if (Wanted(name)) builder_.Floats(name, shape, values);
  }
  // "NAME.weight" and "NAME.bias".
  void Affine(const std::string& name, const std::vector<std::size_t>& shape) {
    Weight(name + ".weight", shape);
    Weight(name + ".bias", {shape.front()});
  }
  GgufBuilder Take() { return std::move(builder_); }

 private:
  bool Wanted(const std::string& name) const {
    return std::ranges::find(without_, name) == without_.end();
  }

  const std::vector<std::string>& without_;
  std::string spoil_;
  float spoil_value_ = 0;
  std::uint64_t seed_ = 1;
  GgufBuilder builder_;
};

}  // namespace

GgufBuilder TinyLlama::Builder() const {
  Draft draft(without);
  draft.Spoil(spoil, spoil_value);
  draft.Text("general.architecture", "llama");
  draft.Count("llama.context_length", 16);
  draft.Count("llama.embedding_length", 8);
  draft.Count("llama.block_count", 2);
  draft.Count("llama.feed_forward_length", 12);
  draft.Count("llama.attention.head_count", 2);
  draft.Count("llama.attention.head_count_kv", 1);
  draft.Number("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  draft.Weight("token_embd.weight", {19, 8});
  for (const std::string block : {"blk.0.", "blk.1."}) {
    draft.Weight(block + "attn_norm.weight", {8});
    draft.Weight(block + "attn_q.weight", {8, 8});
    draft.Weight(block + "attn_k.weight", {4, 8});
    draft.Weight(block + "attn_v.weight", {4, 8});
    draft.Weight(block + "attn_output.weight", {8, 8});
    draft.Weight(block + "ffn_norm.weight", {8});
    draft.Weight(block + "ffn_gate.weight", {12, 8});
    draft.Weight(block + "ffn_up.weight", {12, 8});
    draft.Weight(block + "ffn_down.weight", {8, 12});
  }
  draft.Weight("output_norm.weight", {8});
  return draft.Take();
}

GgufBuilder TinyGpt2::Builder() const {
  Draft draft(without);
  draft.Text("general.architecture", "gpt2");
  draft.Count("gpt2.context_length", 16);
  draft.Count("gpt2.embedding_length", 8);
  draft.Count("gpt2.block_count", 2);
  draft.Count("gpt2.feed_forward_length", 12);
  draft.Count("gpt2.attention.head_count", 2);
  draft.Number("gpt2.attention.layer_norm_epsilon", 1e-5f);
  draft.Weight("token_embd.weight", {19, 8});
  draft.Weight("position_embd.weight", {16, 8});
  for (const std::string block : {"blk.0.", "blk.1."}) {
    draft.Affine(block + "attn_norm", {8});
    draft.Affine(block + "attn_qkv", {24, 8});
    draft.Affine(block + "attn_output", {8, 8});
    draft.Affine(block + "ffn_norm", {8});
    draft.Affine(block + "ffn_up", {12, 8});
    draft.Affine(block + "ffn_down", {8, 12});
  }
  draft.Affine("output_norm", {8});
  return draft.Take();
}

}  // namespace pellucid::testutil
