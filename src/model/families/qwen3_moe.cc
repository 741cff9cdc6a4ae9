// Qwen 3 with experts (Qwen3MoeForCausalLM), from Hugging Face folders and
// GGUF. Qwen 3 (qwen3.cc) whose MLP is in most blocks a mixture:
//
//   y = sum over the chosen of p_e * expert_e(x)
//
// with p the softmax of the router over all experts; what is chosen sums to 1
// only where norm_topk_prob is true, as in published files. A window holds for
// every block.
#include <utility>

#include "model/families/experts.h"
#include "model/families/llama.h"
#include "model/families/llama_like.h"
#include "model/families/windows.h"

namespace pellucid::families {
namespace {

// Qwen3MoeConfig's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 151936,
                                               .d_model = 2048,
                                               .n_layers = 24,
                                               .n_heads = 32,
                                               .n_kv_heads = 4,
                                               .head_dim = {},
                                               .context = 32768},
                                     .d_mlp = 6144};
constexpr ExpertsDefaults kExperts = {
    .n_experts = 128, .n_active = 8, .d_expert = 768};
constexpr std::size_t kWindow = 4096;

ArchSpec MakeSpec() {
  ArchSpec spec;
  spec.architecture = "qwen3_moe";
  spec.modules = LlamaModules();
  AddHeadNorms(spec.modules);
  AddExpertModules("mlp", spec.modules);
  return spec;
}

}  // namespace

Result<LoadedModel> Qwen3MoeFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = MakeSpec();
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadLlamaConfig(config, kDefaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(ReadAttentionBias(config, parts.rules));
  PELLUCID_RETURN_IF_ERROR(ReadQwenExperts(config, kExperts, spec));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window,
                            ReadSwitchedWindow(config, kWindow));
  for (LayerSpec& layer : spec.layers) layer.window = window;
  return LoadHf(loader, parts, std::move(spec));
}

Result<LoadedModel> Qwen3MoeFromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("qwen3moe");
  ArchSpec spec = MakeSpec();
  PELLUCID_RETURN_IF_ERROR(
      ReadLlamaHeader(loader, keys, kGgufExpertKeys, spec));
  PELLUCID_RETURN_IF_ERROR(
      ReadGgufExperts(loader, keys, /*renormalise=*/true, spec));
  GgufParts parts{.rotates = kernels::RopePairs::kHalves, .activation = "silu"};
  parts.rules.qkv = parts.rules.attn_out = WeightRules::Bias::kIfStored;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
