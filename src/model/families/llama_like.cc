#include "model/families/llama_like.h"

#include <utility>

#include "model/families/gguf_keys.h"

namespace pellucid::families {

Status ReadLlamaSizes(HfModelConfig& config, const LlamaDefaults& defaults,
                      ArchSpec& spec, HfParts& parts) {
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, defaults.sizes, spec));
  PELLUCID_ASSIGN_OR_RETURN(spec.d_mlp, config.Size({"intermediate_size"}, 1,
                                                    kMaxSize, defaults.d_mlp));
  PELLUCID_ASSIGN_OR_RETURN(spec.norm_eps,
                            config.Positive({"rms_norm_eps"}, defaults.eps));
  PELLUCID_ASSIGN_OR_RETURN(
      parts.rules.tied, config.Bool({"tie_word_embeddings"}, defaults.tied));
  return {};
}

Status ReadLlamaRope(HfModelConfig& config, const HfRopeDefaults& defaults,
                     const ArchSpec& spec, HfParts& parts) {
  PELLUCID_ASSIGN_OR_RETURN(HfRope rope, ReadHfRope(config, defaults, spec));
  PELLUCID_RETURN_IF_ERROR(CheckWholeRope(config, rope));
  parts.rope = std::move(rope);
  return {};
}

Status ReadLlamaConfig(HfModelConfig& config, const LlamaDefaults& defaults,
                       ArchSpec& spec, HfParts& parts) {
  PELLUCID_RETURN_IF_ERROR(ReadLlamaSizes(config, defaults, spec, parts));
  PELLUCID_ASSIGN_OR_RETURN(parts.activation,
                            ReadActivation(config, defaults.activation, spec));
  return ReadLlamaRope(config, defaults.rope, spec, parts);
}

Status ReadLlamaHeader(const GgufLoader& loader, const GgufKeys& keys,
                       std::span<const std::string_view> own, ArchSpec& spec) {
  PELLUCID_RETURN_IF_ERROR(CheckKnownKeys(loader, keys, own));
  PELLUCID_RETURN_IF_ERROR(ReadGgufSizes(loader, keys, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, keys("attention.layer_norm_rms_epsilon"), 1e-6));
  return {};
}

Status ReadAttentionBias(HfModelConfig& config, WeightRules& rules) {
  PELLUCID_ASSIGN_OR_RETURN(const bool biased,
                            config.Bool({"attention_bias"}, false));
  rules.qkv = rules.attn_out =
      biased ? WeightRules::Bias::kRequired : WeightRules::Bias::kNone;
  return {};
}

Status ReadMlpBias(HfModelConfig& config, WeightRules& rules) {
  PELLUCID_ASSIGN_OR_RETURN(const bool biased,
                            config.Bool({"mlp_bias"}, false));
  rules.mlp = biased ? WeightRules::Bias::kRequired : WeightRules::Bias::kNone;
  return {};
}

void AddHeadNorms(ModuleNames& names) {
  names[Point::kQueryNorm] = "self_attn.q_norm";
  names[Point::kKeyNorm] = "self_attn.k_norm";
}

}  // namespace pellucid::families
