#include "model/families/llama.h"

#include <fmt/format.h>

namespace pellucid::families {

ModuleNames LlamaModules() {
  ModuleNames names;
  names.base = "model";
  names.layers = "layers";
  names.attn = "self_attn";
  names.mlp = "mlp";
  names[Point::kEmbedTokens] = "embed_tokens";
  names[Point::kRotary] = "rotary_emb";
  names[Point::kAttnNorm] = "input_layernorm";
  names[Point::kQuery] = "self_attn.q_proj";
  names[Point::kKey] = "self_attn.k_proj";
  names[Point::kValue] = "self_attn.v_proj";
  names[Point::kAttnProj] = "self_attn.o_proj";
  names[Point::kAttn] = "self_attn";
  names[Point::kMlpNorm] = "post_attention_layernorm";
  names[Point::kGate] = "mlp.gate_proj";
  names[Point::kUp] = "mlp.up_proj";
  names[Point::kAct] = "mlp.act_fn";
  names[Point::kDown] = "mlp.down_proj";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "norm";
  names[Point::kHead] = "lm_head";
  return names;
}

void NoteLlamaDetails(const Weights& weights, std::string_view activation,
                      ArchSpec& spec) {
  spec.details.emplace_back("rms_norm_eps", fmt::format("{}", spec.norm_eps));
  spec.details.emplace_back("hidden_act", activation);
  spec.details.emplace_back("tie_word_embeddings",
                            weights.tied ? "true" : "false");
  if (spec.layers.front().window != 0) {
    spec.details.emplace_back("sliding_window",
                              fmt::format("{}", spec.layers.front().window));
  }
}

}  // namespace pellucid::families
