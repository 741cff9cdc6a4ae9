// Phi-1, 1.5 and 2 (Gunasekar et al. 2023, Li et al. 2023), from Hugging Face
// folders (PhiForCausalLM) and from GGUF ("phi2").
//
//   x += dense(attention(rope(q), rope(k), v)) + fc2(act(fc1(h)))
//
// with q k v of h = input_layernorm(x), the one norm (a LayerNorm) of a block.
// The first partial_rotary_factor of a head's features turn, in halves; with
// qk_layernorm queries and keys are normed before, all heads by one norm. Every
// projection has a bias, and so has the head.
#include <utility>

#include "model/families/gguf_keys.h"
#include "model/families/hf_sizes.h"
#include "model/families/load.h"

namespace pellucid::families {
namespace {

using Bias = WeightRules::Bias;

// PhiConfig's own, where a key is absent.
constexpr HfSizeDefaults kDefaults = {.vocab_size = 51200,
                                      .d_model = 2048,
                                      .n_layers = 24,
                                      .n_heads = 32,
                                      .n_kv_heads = {},
                                      .head_dim = {},
                                      .context = 2048};
constexpr std::size_t kDefaultInner = 8192;
constexpr double kDefaultEps = 1e-5;
constexpr double kDefaultPartial = 0.5;

ModuleNames Modules() {
  ModuleNames names;
  names.base = "model";
  names.layers = "layers";
  names.attn = "self_attn";
  names.mlp = "mlp";
  names[Point::kEmbedTokens] = "embed_tokens";
  names[Point::kRotary] = "rotary_emb";
  names[Point::kAttnNorm] = "input_layernorm";
  names[Point::kQuery] = "self_attn.q_proj";
  names[Point::kKey] = "self_attn.k_proj";
  names[Point::kValue] = "self_attn.v_proj";
  names[Point::kAttnProj] = "self_attn.dense";
  names[Point::kAttn] = "self_attn";
  names[Point::kUp] = "mlp.fc1";
  names[Point::kAct] = "mlp.activation_fn";
  names[Point::kDown] = "mlp.fc2";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "final_layernorm";
  names[Point::kHead] = "lm_head";
  names.same = {{Point::kEmbed, "embed_dropout"}};
  return names;
}

ArchSpec Describe() {
  ArchSpec spec;
  spec.architecture = "phi";
  spec.modules = Modules();
  spec.norm = NormKind::kLayer;
  spec.order = BlockOrder::kParallel;
  return spec;
}

WeightRules Rules() {
  WeightRules rules;
  rules.norm = rules.qk_norm = NormForm::kWeightAndBias;
  rules.qkv = rules.attn_out = rules.mlp = rules.head = Bias::kRequired;
  return rules;
}

}  // namespace

Result<LoadedModel> PhiFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = Describe();
  HfParts parts;
  parts.rules = Rules();
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, kDefaults, spec));
  PELLUCID_ASSIGN_OR_RETURN(spec.d_mlp, config.Size({"intermediate_size"}, 1,
                                                    kMaxSize, kDefaultInner));
  PELLUCID_ASSIGN_OR_RETURN(spec.norm_eps,
                            config.Positive({"layer_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(parts.activation,
                            ReadActivation(config, "gelu_new", spec));
  PELLUCID_ASSIGN_OR_RETURN(const bool norms,
                            config.Bool({"qk_layernorm"}, false));
  if (norms) {
    spec.modules[Point::kQueryNorm] = "self_attn.q_layernorm";
    spec.modules[Point::kKeyNorm] = "self_attn.k_layernorm";
  }
  PELLUCID_ASSIGN_OR_RETURN(parts.rules.tied,
                            config.Bool({"tie_word_embeddings"}, false));
  PELLUCID_ASSIGN_OR_RETURN(
      parts.rope, ReadHfRope(config, {.partial = kDefaultPartial}, spec));
  return LoadHf(loader, parts, std::move(spec));
}

// The converter writes no base of the rotation: models have that of the paper.
Result<LoadedModel> PhiFromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("phi2");
  ArchSpec spec = Describe();
  PELLUCID_RETURN_IF_ERROR(CheckKnownKeys(loader, keys, {}));
  PELLUCID_RETURN_IF_ERROR(ReadGgufSizes(loader, keys, spec));
  spec.d_mlp = MlpWidth(loader, spec.d_mlp);
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, keys("attention.layer_norm_epsilon"), kDefaultEps));
  spec.activation = kernels::Activation::kGeluTanh;
  const GgufParts parts{.rules = Rules(),
                        .names = {},
                        .rotates = kernels::RopePairs::kHalves,
                        .activation = "gelu_new"};
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
