// What families with Llama's modules say in Llama's words. Each of them reads
// this, then its difference, and goes on to families/load.h.
#ifndef PELLUCID_MODEL_FAMILIES_LLAMA_LIKE_H_
#define PELLUCID_MODEL_FAMILIES_LLAMA_LIKE_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "model/arch_spec.h"
#include "model/families/gguf_sizes.h"
#include "model/families/hf_rope.h"
#include "model/families/hf_sizes.h"
#include "model/families/load.h"
#include "model/gguf_loader.h"
#include "model/hf_config.h"
#include "pellucid/result.h"

namespace pellucid::families {

// Where config.json is silent: what the family's class takes.
struct LlamaDefaults {
  HfSizeDefaults sizes = {};
  std::size_t d_mlp = 0;
  double eps = 1e-6;
  bool tied = false;
  HfRopeDefaults rope = {};
  std::string_view activation = "silu";
};

// Sizes, the MLP's width, the norm's epsilon and tying. kModel.
Status ReadLlamaSizes(HfModelConfig& config, const LlamaDefaults& defaults,
                      ArchSpec& spec, HfParts& parts);
// The rotary embedding of whole heads. kModel.
Status ReadLlamaRope(HfModelConfig& config, const HfRopeDefaults& defaults,
                     const ArchSpec& spec, HfParts& parts);
// Both, and the activation.
Status ReadLlamaConfig(HfModelConfig& config, const LlamaDefaults& defaults,
                       ArchSpec& spec, HfParts& parts);

// The keys of a header below its architecture's name that ReadLlamaHeader
// does not read itself are refused, but for `own`. kModel.
Status ReadLlamaHeader(const GgufLoader& loader, const GgufKeys& keys,
                       std::span<const std::string_view> own, ArchSpec& spec);

// "attention_bias": of all four projections; "mlp_bias": of all of the MLP's.
Status ReadAttentionBias(HfModelConfig& config, WeightRules& rules);
Status ReadMlpBias(HfModelConfig& config, WeightRules& rules);

// Adds self_attn.q_norm and self_attn.k_norm.
void AddHeadNorms(ModuleNames& names);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_LLAMA_LIKE_H_
