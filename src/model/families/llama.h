// The llama family, whatever file it comes in: Llama 1-3.x, SmolLM, SmolLM2,
// TinyLlama and others; many later families are this one with a difference.
// Sources: Touvron et al. 2023; the modules of Hugging Face's
// LlamaForCausalLM, which site names follow.
//
//   x += o_proj(attention(rope(q), rope(k), v)), q k v of input_layernorm(x)
//   x += down(act(gate) * up), gate and up of post_attention_layernorm(x)
#ifndef PELLUCID_MODEL_FAMILIES_LLAMA_H_
#define PELLUCID_MODEL_FAMILIES_LLAMA_H_

#include <string_view>

#include "model/arch_spec.h"
#include "model/weights.h"

namespace pellucid::families {

ModuleNames LlamaModules();

// What people are told beside the sizes.
void NoteLlamaDetails(const Weights& weights, std::string_view activation,
                      ArchSpec& spec);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_LLAMA_H_
