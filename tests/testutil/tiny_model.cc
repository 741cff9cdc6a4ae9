#include "testutil/tiny_model.h"

#include <algorithm>
#include <cstdint>

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

GgufBuilder TinyLlama::Builder() const {
  GgufBuilder builder;
  const auto wanted = [&](const std::string& name) {
    return std::ranges::find(without, name) == without.end();
  };
  const auto key = [&](const std::string& name, std::uint32_t value) {
    if (wanted(name)) builder.Scalar<std::uint32_t>(name, value);
  };
  std::uint64_t seed = 1;
  const auto tensor = [&](const std::string& name,
                          const std::vector<std::size_t>& shape) {
    std::size_t size = 1;
    for (const std::size_t dim : shape) size *= dim;
    std::vector<float> values = Noise(size, seed++);
    if (name == spoil) values[0] = spoil_value;
    if (wanted(name)) builder.Floats(name, shape, values);
  };
  if (wanted("general.architecture")) {
    builder.String("general.architecture", "llama");
  }
  key("llama.context_length", 16);
  key("llama.embedding_length", 8);
  key("llama.block_count", 2);
  key("llama.feed_forward_length", 12);
  key("llama.attention.head_count", 2);
  key("llama.attention.head_count_kv", 1);
  if (wanted("llama.attention.layer_norm_rms_epsilon")) {
    builder.Scalar<float>("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  }
  tensor("token_embd.weight", {19, 8});
  for (const std::string block : {"blk.0.", "blk.1."}) {
    tensor(block + "attn_norm.weight", {8});
    tensor(block + "attn_q.weight", {8, 8});
    tensor(block + "attn_k.weight", {4, 8});
    tensor(block + "attn_v.weight", {4, 8});
    tensor(block + "attn_output.weight", {8, 8});
    tensor(block + "ffn_norm.weight", {8});
    tensor(block + "ffn_gate.weight", {12, 8});
    tensor(block + "ffn_up.weight", {12, 8});
    tensor(block + "ffn_down.weight", {8, 12});
  }
  tensor("output_norm.weight", {8});
  return builder;
}

}  // namespace pellucid::testutil
