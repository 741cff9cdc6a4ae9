// What the families of Gemma share: RMSNorms that multiply by 1 + w, embeddings
// times sqrt(d_model) as their module gives them, gates that pass a tanh GELU,
// heads of a size of their own, a tied head. Sources: Gemma Team 2024 and 2025;
// Hugging Face's GemmaForCausalLM, Gemma2ForCausalLM and Gemma3ForCausalLM,
// which site names follow.
#ifndef PELLUCID_MODEL_FAMILIES_GEMMA_H_
#define PELLUCID_MODEL_FAMILIES_GEMMA_H_

#include <string_view>

#include "model/arch_spec.h"
#include "model/families/llama_like.h"
#include "model/families/load.h"
#include "model/hf_config.h"
#include "pellucid/result.h"

namespace pellucid::families {

// Llama's modules with norms before and behind each part (Gemma 2 and 3):
// input_layernorm, post_attention_layernorm behind attention,
// pre_feedforward_layernorm, post_feedforward_layernorm behind the MLP.
ModuleNames FourNormModules();

// Once spec.d_model is known.
void ScaleGemmaEmbedding(ArchSpec& spec);

// Sizes, biases and norms; the activation under "hidden_activation", which
// "hidden_act" beside it does not change. kModel: bidirectional attention too.
Status ReadGemmaConfig(HfModelConfig& config, const LlamaDefaults& defaults,
                       ArchSpec& spec, HfParts& parts);

// A cap, 0 where the key is null, or absent and `fallback` is 0. kModel.
Result<float> ReadCap(HfModelConfig& config, std::string_view key,
                      double fallback);

// 1 / sqrt("query_pre_attn_scalar") for every block.
Status ReadQueryScalar(HfModelConfig& config, ArchSpec& spec);

// What a header says and what it leaves to the reader: the scale of attention
// is that of a head, but d_model / n_heads in the largest model, which
// `n_layers_of_largest` tells. kModel.
Status ReadGemmaHeader(const GgufLoader& loader, const GgufKeys& keys,
                       std::span<const std::string_view> own,
                       std::size_t n_layers_of_largest, ArchSpec& spec);

GgufParts GemmaGgufParts();

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_GEMMA_H_
