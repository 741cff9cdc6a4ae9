// SmolLM3 (SmolLM3ForCausalLM), from Hugging Face folders and GGUF. Llama
// (llama.h) without positions in every fourth block ("NoPE"; Yang et al. 2025):
// no_rope_layers holds 1 for a block whose queries and keys turn, 0 for one
// whose do not. Where use_sliding_window is true and layer_types is silent,
// blocks without positions see the last `sliding_window` keys.
#include <fmt/format.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "model/families/llama.h"
#include "model/families/llama_like.h"
#include "model/families/windows.h"

namespace pellucid::families {
namespace {

// SmolLM3Config's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 128256,
                                               .d_model = 2048,
                                               .n_layers = 36,
                                               .n_heads = 16,
                                               .n_kv_heads = 4,
                                               .head_dim = {},
                                               .context = 32768},
                                     .d_mlp = 11008,
                                     .tied = true,
                                     .rope = {.theta = 2e6}};
constexpr std::size_t kInterval = 4;

ArchSpec MakeSpec() {
  ArchSpec spec;
  spec.architecture = "smollm3";
  spec.modules = LlamaModules();
  return spec;
}

// Takes positions from every `interval`th block.
void SkipRope(std::size_t interval, ArchSpec& spec) {
  for (std::size_t i = interval - 1; i < spec.n_layers; i += interval) {
    spec.layers[i].rope.reset();
  }
}

Status ReadRopeLayers(HfModelConfig& config, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t interval,
      config.Size({"no_rope_layer_interval"}, 1, kMaxSize, kInterval));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::int64_t> turns,
                            config.Integers({"no_rope_layers"}));
  if (!config.Has({"no_rope_layers"})) {
    SkipRope(interval, spec);
    return {};
  }
  if (turns.size() < spec.n_layers) {
    return config.Problem("no_rope_layers",
                          fmt::format("holds {} entries for {} blocks; the "
                                      "file is damaged",
                                      turns.size(), spec.n_layers));
  }
  for (std::size_t i = 0; i < spec.n_layers; ++i) {
    if (turns[i] == 0) spec.layers[i].rope.reset();
  }
  return {};
}

Status ReadWindows(HfModelConfig& config, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(auto slides, ReadLayerTypes(config, spec.n_layers));
  if (slides) {  // then the switch is not looked at
    PELLUCID_RETURN_IF_ERROR(config.Bool({"use_sliding_window"}, false));
    PELLUCID_ASSIGN_OR_RETURN(const std::size_t window, ReadWindow(config, 0));
    return SetWindows(config, window, *slides, spec);
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window,
                            ReadSwitchedWindow(config, 0));
  for (LayerSpec& layer : spec.layers) {
    if (!layer.rope) layer.window = window;
  }
  return {};
}

}  // namespace

Result<LoadedModel> SmolLm3FromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = MakeSpec();
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadLlamaConfig(config, kDefaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(ReadAttentionBias(config, parts.rules));
  PELLUCID_RETURN_IF_ERROR(ReadMlpBias(config, parts.rules));
  PELLUCID_RETURN_IF_ERROR(ReadRopeLayers(config, spec));
  PELLUCID_RETURN_IF_ERROR(ReadWindows(config, spec));
  return LoadHf(loader, parts, std::move(spec));
}

// Rows of queries and keys lie as in files of Llama. The header does not say
// which blocks have no positions.
Result<LoadedModel> SmolLm3FromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("smollm3");
  ArchSpec spec = MakeSpec();
  PELLUCID_RETURN_IF_ERROR(ReadLlamaHeader(loader, keys, {}, spec));
  SkipRope(kInterval, spec);
  GgufParts parts{.rotates = kernels::RopePairs::kHalves, .activation = "silu"};
  parts.rules.interleaved_qk = true;
  parts.rules.qkv = parts.rules.attn_out = parts.rules.mlp =
      WeightRules::Bias::kIfStored;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
