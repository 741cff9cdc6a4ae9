// Qwen 2 and 2.5 (Qwen2ForCausalLM), from Hugging Face folders and GGUF. Llama
// (llama.h) with biases on queries, keys and values, always, and on nothing
// else. Where use_sliding_window is true, the blocks from max_window_layers on
// see the last `sliding_window` keys (windows.h).
#include <utility>

#include "model/families/llama.h"
#include "model/families/llama_like.h"
#include "model/families/windows.h"

namespace pellucid::families {
namespace {

// Qwen2Config's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 151936,
                                               .d_model = 4096,
                                               .n_layers = 32,
                                               .n_heads = 32,
                                               .n_kv_heads = 32,
                                               .head_dim = {},
                                               .context = 32768},
                                     .d_mlp = 22016};

ArchSpec MakeSpec() {
  ArchSpec spec;
  spec.architecture = "qwen2";
  spec.modules = LlamaModules();
  return spec;
}

}  // namespace

Result<LoadedModel> Qwen2FromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = MakeSpec();
  HfParts parts;
  parts.rules.qkv = WeightRules::Bias::kRequired;
  PELLUCID_RETURN_IF_ERROR(ReadLlamaConfig(config, kDefaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(ReadQwenWindows(config, spec));
  return LoadHf(loader, parts, std::move(spec));
}

Result<LoadedModel> Qwen2FromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("qwen2");
  ArchSpec spec = MakeSpec();
  PELLUCID_RETURN_IF_ERROR(ReadLlamaHeader(loader, keys, {}, spec));
  GgufParts parts{.rotates = kernels::RopePairs::kHalves, .activation = "silu"};
  parts.rules.qkv = WeightRules::Bias::kRequired;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
