// Mixtral (Jiang et al. 2024; MixtralForCausalLM), from Hugging Face folders
// and GGUF, which calls it llama, with experts. Llama (llama.h) whose MLP is a
// mixture in every block:
//
//   y = sum over the chosen of p_e * w2_e(act(w1_e(x)) * w3_e(x))
//
// with p the softmax of the router over all experts, the greatest chosen and
// made to sum to 1.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "model/families/experts.h"
#include "model/families/llama.h"
#include "model/families/llama_like.h"
#include "model/families/windows.h"

namespace pellucid::families {
namespace {

// MixtralConfig's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 32000,
                                               .d_model = 4096,
                                               .n_layers = 32,
                                               .n_heads = 32,
                                               .n_kv_heads = 8,
                                               .head_dim = {},
                                               .context = 131072},
                                     .d_mlp = 14336,
                                     .eps = 1e-5,
                                     .rope = {.theta = 1e6}};
constexpr std::size_t kExperts = 8, kActive = 2;

// What files call the MLP of a block, and what transformers 5 does.
constexpr std::string_view kMlp = "block_sparse_moe", kNewMlp = "mlp";

ArchSpec MakeSpec(std::string_view mlp) {
  ArchSpec spec;
  spec.architecture = "mixtral";
  ModuleNames& names = spec.modules = LlamaModules();
  for (const Point point :
       {Point::kGate, Point::kUp, Point::kAct, Point::kDown}) {
    names[point] = "";
  }
  names.mlp = names[Point::kMlp] = mlp;
  AddExpertModules(mlp, names);
  return spec;
}

// Sites have the names of files, and the others beside them.
void NameSites(ArchSpec& spec) {
  spec.modules = MakeSpec(kMlp).modules;
  const ModuleNames others = MakeSpec(kNewMlp).modules;
  for (const Point point : {Point::kMlp, Point::kRouter, Point::kExperts}) {
    spec.modules.same.emplace_back(point, others[point]);
  }
}

}  // namespace

Result<LoadedModel> MixtralFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  const bool is_new = loader.HasTensor("model.layers.0.mlp.gate.weight");
  ArchSpec spec = MakeSpec(is_new ? kNewMlp : kMlp);
  HfParts parts;
  parts.rules.experts = {.gate = "w1", .up = "w3", .down = "w2"};
  PELLUCID_RETURN_IF_ERROR(ReadLlamaConfig(config, kDefaults, spec, parts));
  spec.experts.d_expert = spec.d_mlp;
  spec.experts.renormalise = true;
  PELLUCID_ASSIGN_OR_RETURN(
      spec.experts.n_experts,
      config.Size({"num_local_experts", "num_experts"}, 1, kMaxSize, kExperts));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.experts.n_active,
      config.Size({"num_experts_per_tok"}, 1, spec.experts.n_experts,
                  std::min(kActive, spec.experts.n_experts)));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window, ReadWindow(config, 0));
  for (LayerSpec& layer : spec.layers) {
    layer.window = window;
    layer.has_experts = true;
  }
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel model,
                            LoadHf(loader, parts, std::move(spec)));
  NameSites(model.spec);
  return model;
}

Result<LoadedModel> MixtralFromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("llama");
  ArchSpec spec = MakeSpec(kMlp);
  PELLUCID_RETURN_IF_ERROR(
      ReadLlamaHeader(loader, keys, kGgufExpertKeys, spec));
  PELLUCID_RETURN_IF_ERROR(
      ReadGgufExperts(loader, keys, /*renormalise=*/true, spec));
  for (LayerSpec& layer : spec.layers) layer.has_experts = true;
  GgufParts parts{.rotates = kernels::RopePairs::kHalves, .activation = "silu"};
  parts.rules.interleaved_qk = true;
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel model,
                            LoadGguf(loader, keys, parts, std::move(spec)));
  NameSites(model.spec);
  return model;
}

}  // namespace pellucid::families
