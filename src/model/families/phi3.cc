// Phi 3, 3.5 and 4 (Abdin et al. 2024; Phi3ForCausalLM), from Hugging Face
// folders and GGUF. Llama (llama.h) with two fused projections: qkv_proj gives
// all queries, keys and values, gate_up_proj the gate and then what it scales.
// Queries may see a window; a part of a head may turn; long contexts stretch
// the rotation by LongRoPE.
#include <array>
#include <string_view>
#include <utility>

#include "model/families/llama.h"
#include "model/families/llama_like.h"
#include "model/families/windows.h"

namespace pellucid::families {
namespace {

// Phi3Config's own, where a key is absent. Its first files call LongRoPE yarn.
constexpr LlamaDefaults kDefaults = {
    .sizes = {.vocab_size = 32064,
              .d_model = 3072,
              .n_layers = 32,
              .n_heads = 32,
              .n_kv_heads = {},
              .head_dim = {},
              .context = 4096},
    .d_mlp = 8192,
    .eps = 1e-5,
    .rope = {.yarn_is_long = true, .original_context = 4096}};
constexpr std::array<std::string_view, 1> kOwnKeys = {
    "attention.sliding_window"};

ArchSpec MakeSpec() {
  ArchSpec spec;
  spec.architecture = "phi3";
  ModuleNames& names = spec.modules = LlamaModules();
  names[Point::kQkv] = "self_attn.qkv_proj";
  names[Point::kQuery] = names[Point::kKey] = names[Point::kValue] = "";
  names[Point::kGateUp] = "mlp.gate_up_proj";
  names[Point::kGate] = names[Point::kUp] = "";
  names[Point::kAct] = "mlp.activation_fn";
  names.same = {{Point::kAttn, "resid_attn_dropout"},
                {Point::kMlp, "resid_mlp_dropout"}};
  return spec;
}

}  // namespace

Result<LoadedModel> Phi3FromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = MakeSpec();
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadLlamaSizes(config, kDefaults, spec, parts));
  PELLUCID_ASSIGN_OR_RETURN(parts.activation,
                            ReadActivation(config, kDefaults.activation, spec));
  PELLUCID_ASSIGN_OR_RETURN(parts.rope,
                            ReadHfRope(config, kDefaults.rope, spec));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window, ReadWindow(config, 0));
  for (LayerSpec& layer : spec.layers) layer.window = window;
  return LoadHf(loader, parts, std::move(spec));
}

Result<LoadedModel> Phi3FromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("phi3");
  ArchSpec spec = MakeSpec();
  PELLUCID_RETURN_IF_ERROR(ReadLlamaHeader(loader, keys, kOwnKeys, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t window,
      loader.Size(keys("attention.sliding_window"), 0, kMaxSize, 0));
  for (LayerSpec& layer : spec.layers) layer.window = window;
  const GgufParts parts{.rotates = kernels::RopePairs::kHalves,
                        .activation = "silu"};
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
