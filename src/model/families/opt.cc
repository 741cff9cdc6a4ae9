// OPT (Zhang et al. 2022), from Hugging Face folders (OPTForCausalLM).
//
//   x  = embed_tokens[token] + embed_positions[position + 2]
//   x += out_proj(attention(q, k, v)), q k v of self_attn_layer_norm(x)
//   x += fc2(act(fc1(final_layer_norm(x))))
//
// Without do_layer_norm_before the norms come behind the sums instead: x =
// norm(x + ...), and none at the end. project_in and project_out bring the
// embedding's width, where it is another, to the blocks' and back.
#include <utility>

#include "model/families/hf_sizes.h"
#include "model/families/load.h"

namespace pellucid::families {
namespace {

using Bias = WeightRules::Bias;

// OPTConfig's own, where a key is absent.
constexpr HfSizeDefaults kDefaults = {.vocab_size = 50272,
                                      .d_model = 768,
                                      .n_layers = 12,
                                      .n_heads = 12,
                                      .n_kv_heads = {},
                                      .head_dim = {},
                                      .context = 2048};
constexpr std::size_t kDefaultInner = 3072;
constexpr float kEps = 1e-5f;  // no key says otherwise
constexpr std::size_t kSkippedPositions = 2;

ModuleNames Modules() {
  ModuleNames names;
  names.base = "model.decoder";
  names.other_bases = {"decoder"};  // of files without a head
  names.layers = "layers";
  names.attn = "self_attn";
  names[Point::kEmbedTokens] = "embed_tokens";
  names[Point::kPosEmbed] = "embed_positions";
  names[Point::kAttnNorm] = "self_attn_layer_norm";
  names[Point::kQuery] = "self_attn.q_proj";
  names[Point::kKey] = "self_attn.k_proj";
  names[Point::kValue] = "self_attn.v_proj";
  names[Point::kAttnProj] = "self_attn.out_proj";
  names[Point::kAttn] = "self_attn";
  names[Point::kMlpNorm] = "final_layer_norm";
  names[Point::kUp] = "fc1";
  names[Point::kAct] = "activation_fn";
  names[Point::kMlp] = "fc2";  // there is no module around it
  names[Point::kHead] = "lm_head";
  return names;
}

Status ReadNorms(HfModelConfig& config, ArchSpec& spec, WeightRules& rules) {
  PELLUCID_ASSIGN_OR_RETURN(const bool before,
                            config.Bool({"do_layer_norm_before"}, true));
  PELLUCID_ASSIGN_OR_RETURN(const bool removed,
                            config.Bool({"_remove_final_layer_norm"}, false));
  PELLUCID_ASSIGN_OR_RETURN(
      const bool affine, config.Bool({"layer_norm_elementwise_affine"}, true));
  spec.norm_eps = kEps;
  spec.norm_after_add = !before;
  if (before && !removed) spec.modules[Point::kFinalNorm] = "final_layer_norm";
  rules.norm = affine ? NormForm::kWeightAndBias : NormForm::kNothing;
  return {};
}

Status ReadEmbedWidth(HfModelConfig& config, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_embed,
      config.Size({"word_embed_proj_dim"}, 1, kMaxSize, spec.d_model));
  if (spec.d_embed == spec.d_model) return {};
  spec.modules[Point::kProjectIn] = "project_in";
  spec.modules[Point::kProjectOut] = "project_out";
  return {};
}

}  // namespace

Result<LoadedModel> OptFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec;
  spec.architecture = "opt";
  spec.modules = Modules();
  spec.norm = NormKind::kLayer;
  HfParts parts;
  WeightRules& rules = parts.rules;
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, kDefaults, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_mlp, config.Size({"ffn_dim", "intermediate_size"}, 1, kMaxSize,
                              kDefaultInner));
  PELLUCID_RETURN_IF_ERROR(ReadEmbedWidth(config, spec));
  PELLUCID_RETURN_IF_ERROR(ReadNorms(config, spec, rules));
  PELLUCID_ASSIGN_OR_RETURN(parts.activation,
                            ReadActivation(config, "relu", spec));
  PELLUCID_ASSIGN_OR_RETURN(const bool biased,
                            config.Bool({"enable_bias"}, true));
  rules.qkv = rules.attn_out = rules.mlp =
      biased ? Bias::kRequired : Bias::kNone;
  rules.skipped_positions = kSkippedPositions;
  PELLUCID_ASSIGN_OR_RETURN(rules.tied,
                            config.Bool({"tie_word_embeddings"}, true));
  return LoadHf(loader, parts, std::move(spec));
}

}  // namespace pellucid::families
