// The llama family, whatever file it comes in: Llama 1-3.x, SmolLM, SmolLM2,
// TinyLlama and others. Sources: Touvron et al. 2023; the modules of Hugging
// Face's LlamaForCausalLM, which site names follow.
//
//   x += o_proj(attention(rope(q), rope(k), v)), q k v of input_layernorm(x)
//   x += down(act(gate) * up), gate and up of post_attention_layernorm(x)
#ifndef PELLUCID_MODEL_FAMILIES_LLAMA_H_
#define PELLUCID_MODEL_FAMILIES_LLAMA_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/arch_spec.h"
#include "model/tensor_loader.h"
#include "model/weights.h"
#include "pellucid/result.h"

namespace pellucid::families {

// What the file need not say: architecture, modules, norm kind.
void DescribeLlama(ArchSpec& spec);

// kModel: heads that do not share out, odd or immense head sizes. `heads_key`
// is what the file calls their number. Call before anything of their size is
// allocated.
Status CheckLlamaHeads(const TensorLoader& loader, std::string_view heads_key,
                       const ArchSpec& spec);

// What a kind of file calls the tensors of a block, without ".weight".
struct LlamaTensors {
  std::string_view attn_norm, query, key, value, attn_out;
  std::string_view mlp_norm, gate, up, down;
};

// Which projections have biases.
struct LlamaBiases {
  TensorLoader::Bias attention = TensorLoader::Bias::kIfStored;
  TensorLoader::Bias mlp = TensorLoader::Bias::kIfStored;
};

// One block, whose tensors' names begin with `prefix`. Queries and keys in the
// order of the file.
Result<LayerWeights> ReadLlamaLayer(TensorLoader& loader,
                                    const std::string& prefix,
                                    const LlamaTensors& names,
                                    const LlamaBiases& biases,
                                    const ArchSpec& spec);

// How Llama 3.1 and later stretch the rotary embedding.
struct Llama3Scaling {
  float factor = 1;
  float low_freq_factor = 1;
  float high_freq_factor = 1;
  float original_context = 1;
};

// The divisor of each frequency: 1 for short wavelengths, the factor for long
// ones, between them so that Hugging Face's blend of both comes out. The
// arithmetic, float32 in this order, is that of the converter to GGUF, so that
// a folder and the file made from it agree to the bit; against Hugging Face a
// frequency may differ in its last bit.
std::vector<float> Llama3Divisors(std::span<const float> inv_freq,
                                  const Llama3Scaling& scaling);

// inv_freq[i] /= divisors[i].
void DivideFrequencies(std::span<const float> divisors, ArchSpec& spec);

// kModel: a frequency that is not positive or beyond any scheme's. `keys` is
// where the blame lies.
Status CheckFrequencies(const TensorLoader& loader, std::string_view keys,
                        const ArchSpec& spec);

// The scale of attention, and what people are told beside the sizes. Call when
// shapes have shown that sizes are no lies.
void FinishLlama(const Weights& weights, std::string_view activation,
                 ArchSpec& spec);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_LLAMA_H_
