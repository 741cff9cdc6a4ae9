// Mistral (Jiang et al. 2023), from Hugging Face folders (MistralForCausalLM);
// in GGUF it is called llama. Llama (llama.h) without biases, whose queries see
// the last `sliding_window` keys, in every block.
#include <utility>

#include "model/families/llama.h"
#include "model/families/llama_like.h"
#include "model/families/windows.h"

namespace pellucid::families {
namespace {

// MistralConfig's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 32000,
                                               .d_model = 4096,
                                               .n_layers = 32,
                                               .n_heads = 32,
                                               .n_kv_heads = 8,
                                               .head_dim = {},
                                               .context = 131072},
                                     .d_mlp = 14336};
constexpr std::size_t kDefaultWindow = 4096;

}  // namespace

Result<LoadedModel> MistralFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  ArchSpec spec;
  spec.architecture = "mistral";
  spec.modules = LlamaModules();
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(
      ReadLlamaConfig(loader.config(), kDefaults, spec, parts));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window,
                            ReadWindow(loader.config(), kDefaultWindow));
  for (LayerSpec& layer : spec.layers) layer.window = window;
  return LoadHf(loader, parts, std::move(spec));
}

}  // namespace pellucid::families
