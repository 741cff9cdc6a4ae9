// Qwen 3 (Qwen3ForCausalLM), from Hugging Face folders and GGUF. Llama
// (llama.h) whose queries and keys pass an RMSNorm, each head by itself, before
// they turn; heads have a size of their own; windows as in Qwen 2 (windows.h).
//
//   q = rope(q_norm(q_proj(h))), k = rope(k_norm(k_proj(h)))
#include <utility>

#include "model/families/llama.h"
#include "model/families/llama_like.h"
#include "model/families/windows.h"

namespace pellucid::families {
namespace {

// Qwen3Config's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 151936,
                                               .d_model = 4096,
                                               .n_layers = 32,
                                               .n_heads = 32,
                                               .n_kv_heads = 32,
                                               .head_dim = 128,
                                               .context = 32768},
                                     .d_mlp = 22016};

ArchSpec MakeSpec() {
  ArchSpec spec;
  spec.architecture = "qwen3";
  spec.modules = LlamaModules();
  AddHeadNorms(spec.modules);
  return spec;
}

}  // namespace

Result<LoadedModel> Qwen3FromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = MakeSpec();
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadLlamaConfig(config, kDefaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(ReadAttentionBias(config, parts.rules));
  PELLUCID_RETURN_IF_ERROR(ReadQwenWindows(config, spec));
  return LoadHf(loader, parts, std::move(spec));
}

Result<LoadedModel> Qwen3FromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("qwen3");
  ArchSpec spec = MakeSpec();
  PELLUCID_RETURN_IF_ERROR(ReadLlamaHeader(loader, keys, {}, spec));
  GgufParts parts{.rotates = kernels::RopePairs::kHalves, .activation = "silu"};
  parts.rules.qkv = parts.rules.attn_out = WeightRules::Bias::kIfStored;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
