// Gemma 1 is Llama (llama.h) with what gemma.h says.
#include "model/families/gemma.h"

#include <cmath>
#include <utility>

#include "model/families/llama.h"

namespace pellucid::families {
namespace {

constexpr std::string_view kTanhGelu = "gelu_pytorch_tanh";

// GemmaConfig's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 256000,
                                               .d_model = 3072,
                                               .n_layers = 28,
                                               .n_heads = 16,
                                               .n_kv_heads = 16,
                                               .head_dim = 256,
                                               .context = 8192},
                                     .d_mlp = 24576,
                                     .tied = true};

// Sizes, norms and all that has nothing to do with activation and rotation.
Status ReadSizes(HfModelConfig& config, const LlamaDefaults& defaults,
                 ArchSpec& spec, HfParts& parts) {
  PELLUCID_RETURN_IF_ERROR(ReadLlamaSizes(config, defaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(ReadAttentionBias(config, parts.rules));
  parts.rules.norm = parts.rules.qk_norm = NormForm::kOnePlusWeight;
  ScaleGemmaEmbedding(spec);
  PELLUCID_ASSIGN_OR_RETURN(
      const bool both_ways,
      config.Bool({"use_bidirectional_attention"}, false));
  if (!both_ways) return {};
  return config.Problem(
      "use_bidirectional_attention",
      "is true: unsupported; this version reads causal models");
}

}  // namespace

ModuleNames FourNormModules() {
  ModuleNames names = LlamaModules();
  names[Point::kAttnPostNorm] = "post_attention_layernorm";
  names[Point::kMlpNorm] = "pre_feedforward_layernorm";
  names[Point::kMlpPostNorm] = "post_feedforward_layernorm";
  return names;
}

void ScaleGemmaEmbedding(ArchSpec& spec) {
  spec.embed_scale =
      static_cast<float>(std::sqrt(static_cast<double>(spec.d_model)));
  spec.scales_inside_embedding = true;
}

Status ReadGemmaConfig(HfModelConfig& config, const LlamaDefaults& defaults,
                       ArchSpec& spec, HfParts& parts) {
  PELLUCID_RETURN_IF_ERROR(ReadSizes(config, defaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(config.String({"hidden_act"}, ""));
  PELLUCID_ASSIGN_OR_RETURN(
      parts.activation,
      ReadActivationOf({"hidden_activation"}, config, kTanhGelu, spec));
  return {};
}

Result<float> ReadCap(HfModelConfig& config, std::string_view key,
                      double fallback) {
  if (!config.Has({key}) && (config.IsNull({key}) || fallback == 0)) {
    PELLUCID_RETURN_IF_ERROR(config.Number({key}, 0.0));  // now it was read
    return 0.0f;
  }
  return config.Positive({key}, fallback);
}

Status ReadQueryScalar(HfModelConfig& config, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(const float scalar,
                            config.Positive({"query_pre_attn_scalar"}, 256.0));
  for (LayerSpec& layer : spec.layers) {
    layer.attention_scale = InverseRoot(scalar);
  }
  return {};
}

Status ReadGemmaHeader(const GgufLoader& loader, const GgufKeys& keys,
                       std::span<const std::string_view> own,
                       std::size_t n_layers_of_largest, ArchSpec& spec) {
  PELLUCID_RETURN_IF_ERROR(ReadLlamaHeader(loader, keys, own, spec));
  ScaleGemmaEmbedding(spec);
  if (spec.n_layers != n_layers_of_largest) return {};
  const double width = static_cast<double>(spec.d_model / spec.n_heads);
  MakeLayers(InverseRoot(width), spec);
  return {};
}

GgufParts GemmaGgufParts() {
  GgufParts parts{.rotates = kernels::RopePairs::kHalves,
                  .activation = kTanhGelu};
  parts.rules.qkv = parts.rules.attn_out = WeightRules::Bias::kIfStored;
  return parts;
}

// An activation of "gelu" means its approximation by tanh, as it did when the
// first files were published; "hidden_activation" beside it is not looked at.
Result<LoadedModel> GemmaFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec;
  spec.architecture = "gemma";
  spec.modules = LlamaModules();
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadSizes(config, kDefaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(config.String({"hidden_activation"}, ""));
  PELLUCID_ASSIGN_OR_RETURN(
      parts.activation,
      ReadActivationOf({"hidden_act"}, config, kTanhGelu, spec));
  if (parts.activation == "gelu") {
    parts.activation = kTanhGelu;
    spec.activation = kernels::Activation::kGeluTanh;
  }
  PELLUCID_RETURN_IF_ERROR(ReadLlamaRope(config, kDefaults.rope, spec, parts));
  return LoadHf(loader, parts, std::move(spec));
}

Result<LoadedModel> GemmaFromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("gemma");
  ArchSpec spec;
  spec.architecture = "gemma";
  spec.modules = LlamaModules();
  spec.activation = kernels::Activation::kGeluTanh;
  constexpr std::size_t kNone = 0;
  PELLUCID_RETURN_IF_ERROR(ReadGemmaHeader(loader, keys, {}, kNone, spec));
  return LoadGguf(loader, keys, GemmaGgufParts(), std::move(spec));
}

}  // namespace pellucid::families
