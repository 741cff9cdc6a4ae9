// GPT-2 and DistilGPT2 (Radford et al. 2019), whatever file they come in.
// Modules are those of Hugging Face's GPT2LMHeadModel.
//
//   x  = wte[token] + wpe[position]
//   x += c_proj(attention(q, k, v)), q k v the thirds of c_attn(ln_1(x))
//   x += c_proj(act(c_fc(ln_2(x))))
// logits of ln_f(x). Norms are LayerNorms, every projection has a bias.
#ifndef PELLUCID_MODEL_FAMILIES_GPT2_H_
#define PELLUCID_MODEL_FAMILIES_GPT2_H_

#include "model/arch_spec.h"
#include "model/weights.h"

namespace pellucid::families {

// What the file need not say: architecture, modules, norm kind, one key-value
// head a query head, and head_dim of d_model and n_heads.
void DescribeGpt2(ArchSpec& spec);

// 1 / sqrt(head_dim) in each layer; `by_layer`: layer l divides once more by
// l + 1 (scale_attn_by_inverse_layer_idx); not `by_width`: without the root.
void ScaleGpt2Attention(bool by_width, bool by_layer, ArchSpec& spec);

// What people are told beside the sizes.
void NoteGpt2Details(const Weights& weights, std::string_view activation,
                     ArchSpec& spec);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_GPT2_H_
