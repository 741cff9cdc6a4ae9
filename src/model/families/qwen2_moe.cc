// Qwen 1.5 and 2 with experts (Qwen2MoeForCausalLM), from Hugging Face folders
// and GGUF. Qwen 2 (qwen2.cc) whose MLP is in most blocks a mixture, with one
// more expert that every token sees:
//
//   y = sum over the chosen of p_e * expert_e(x)
//       + sigmoid(shared_expert_gate(x)) * shared_expert(x)
//
// with p the softmax of the router over all experts; what is chosen sums to 1
// only where norm_topk_prob is true.
#include <utility>

#include "model/families/experts.h"
#include "model/families/llama.h"
#include "model/families/llama_like.h"
#include "model/families/windows.h"

namespace pellucid::families {
namespace {

// Qwen2MoeConfig's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 151936,
                                               .d_model = 2048,
                                               .n_layers = 24,
                                               .n_heads = 16,
                                               .n_kv_heads = 16,
                                               .head_dim = {},
                                               .context = 32768},
                                     .d_mlp = 5632};
constexpr ExpertsDefaults kExperts = {
    .n_experts = 60, .n_active = 4, .d_expert = 1408};
constexpr std::size_t kShared = 5632;
constexpr std::size_t kWindow = 4096, kWindowLayers = 28;

ArchSpec MakeSpec() {
  ArchSpec spec;
  spec.architecture = "qwen2_moe";
  ModuleNames& names = spec.modules = LlamaModules();
  AddExpertModules("mlp", names);
  names[Point::kSharedGate] = "mlp.shared_expert.gate_proj";
  names[Point::kSharedUp] = "mlp.shared_expert.up_proj";
  names[Point::kSharedAct] = "mlp.shared_expert.act_fn";
  names[Point::kSharedPost] = "mlp.shared_expert.post";
  names[Point::kSharedDown] = "mlp.shared_expert.down_proj";
  names[Point::kShared] = "mlp.shared_expert";
  names[Point::kSharedWeight] = "mlp.shared_expert_gate";
  return spec;
}

// Without layer_types every other block slides, the first among them, up to
// max_window_layers.
Status ReadWindows(HfModelConfig& config, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window,
                            ReadSwitchedWindow(config, kWindow));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t end,
      config.Size({"max_window_layers"}, 0, kMaxSize, kWindowLayers));
  PELLUCID_ASSIGN_OR_RETURN(auto slides, ReadLayerTypes(config, spec.n_layers));
  if (!slides) {
    slides.emplace(spec.n_layers, false);
    for (std::size_t i = 0; i < spec.n_layers && i < end; i += 2) {
      (*slides)[i] = window != 0;
    }
  }
  return SetWindows(config, window, *slides, spec);
}

}  // namespace

Result<LoadedModel> Qwen2MoeFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = MakeSpec();
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadLlamaConfig(config, kDefaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(ReadQwenExperts(config, kExperts, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.experts.d_shared,
      config.Size({"shared_expert_intermediate_size"}, 1, kMaxSize, kShared));
  PELLUCID_ASSIGN_OR_RETURN(const bool biased, config.Bool({"qkv_bias"}, true));
  parts.rules.qkv =
      biased ? WeightRules::Bias::kRequired : WeightRules::Bias::kNone;
  PELLUCID_RETURN_IF_ERROR(ReadWindows(config, spec));
  return LoadHf(loader, parts, std::move(spec));
}

Result<LoadedModel> Qwen2MoeFromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("qwen2moe");
  ArchSpec spec = MakeSpec();
  PELLUCID_RETURN_IF_ERROR(
      ReadLlamaHeader(loader, keys, kGgufExpertKeys, spec));
  PELLUCID_RETURN_IF_ERROR(
      ReadGgufExperts(loader, keys, /*renormalise=*/false, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.experts.d_shared,
      loader.Size(keys("expert_shared_feed_forward_length"), 1, kMaxSize,
                  spec.d_mlp));
  GgufParts parts{.rotates = kernels::RopePairs::kHalves, .activation = "silu"};
  parts.rules.qkv = WeightRules::Bias::kIfStored;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
