// Granite 3 (IBM; GraniteForCausalLM), from Hugging Face folders and GGUF.
// Llama (llama.h) with four multipliers, each 1 where config.json is silent.
//
//   x = embedding_multiplier * embed_tokens[t]
//   x += residual_multiplier * attention(...), whose scores are
//        attention_multiplier * q.k in place of q.k / sqrt(head_dim)
//   x += residual_multiplier * mlp(...)
//   logits = lm_head(norm(x)) / logits_scaling
#include <array>
#include <string_view>
#include <utility>

#include "model/families/gguf_keys.h"
#include "model/families/llama.h"
#include "model/families/llama_like.h"

namespace pellucid::families {
namespace {

// GraniteConfig's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 32000,
                                               .d_model = 4096,
                                               .n_layers = 32,
                                               .n_heads = 32,
                                               .n_kv_heads = {},
                                               .head_dim = {},
                                               .context = 2048},
                                     .d_mlp = 11008};
constexpr std::array<std::string_view, 4> kOwnKeys = {
    "attention.scale", "embedding_scale", "logit_scale", "residual_scale"};

ArchSpec MakeSpec() {
  ArchSpec spec;
  spec.architecture = "granite";
  spec.modules = LlamaModules();
  return spec;
}

}  // namespace

Result<LoadedModel> GraniteFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = MakeSpec();
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadLlamaConfig(config, kDefaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(ReadAttentionBias(config, parts.rules));
  PELLUCID_RETURN_IF_ERROR(ReadMlpBias(config, parts.rules));
  PELLUCID_ASSIGN_OR_RETURN(spec.embed_scale,
                            config.Positive({"embedding_multiplier"}, 1.0));
  PELLUCID_ASSIGN_OR_RETURN(spec.residual_multiplier,
                            config.Positive({"residual_multiplier"}, 1.0));
  PELLUCID_ASSIGN_OR_RETURN(spec.logits.divisor,
                            config.Positive({"logits_scaling"}, 1.0));
  PELLUCID_ASSIGN_OR_RETURN(const float scale,
                            config.Positive({"attention_multiplier"}, 1.0));
  for (LayerSpec& layer : spec.layers) layer.attention_scale = scale;
  return LoadHf(loader, parts, std::move(spec));
}

// Rows of queries and keys lie as in files of Llama.
Result<LoadedModel> GraniteFromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("granite");
  ArchSpec spec = MakeSpec();
  PELLUCID_RETURN_IF_ERROR(ReadLlamaHeader(loader, keys, kOwnKeys, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.embed_scale, PositiveFloat(loader, keys("embedding_scale"), 1.0));
  PELLUCID_ASSIGN_OR_RETURN(spec.residual_multiplier,
                            PositiveFloat(loader, keys("residual_scale"), 1.0));
  PELLUCID_ASSIGN_OR_RETURN(spec.logits.divisor,
                            PositiveFloat(loader, keys("logit_scale"), 1.0));
  PELLUCID_ASSIGN_OR_RETURN(const float scale,
                            PositiveFloat(loader, keys("attention.scale"),
                                          spec.layers.front().attention_scale));
  for (LayerSpec& layer : spec.layers) layer.attention_scale = scale;
  GgufParts parts{.rotates = kernels::RopePairs::kHalves, .activation = "silu"};
  parts.rules.interleaved_qk = true;
  parts.rules.qkv = parts.rules.attn_out = parts.rules.mlp =
      WeightRules::Bias::kIfStored;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
