// StarCoder2 (Lozhkov et al. 2024), from Hugging Face folders
// (Starcoder2ForCausalLM) and from GGUF ("starcoder2").
//
//   x += o_proj(attention(rope(q), rope(k), v)), q k v of input_layernorm(x)
//   x += c_proj(act(c_fc(post_attention_layernorm(x))))
//
// Norms are LayerNorms; use_bias gives every projection one. Heads turn whole,
// in halves; with sliding_window every block sees that many keys.
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/quote.h"
#include "model/families/gguf_keys.h"
#include "model/families/hf_sizes.h"
#include "model/families/load.h"

namespace pellucid::families {
namespace {

using Bias = WeightRules::Bias;

// Starcoder2Config's own, where a key is absent.
constexpr HfSizeDefaults kDefaults = {.vocab_size = 49152,
                                      .d_model = 3072,
                                      .n_layers = 30,
                                      .n_heads = 24,
                                      .n_kv_heads = 2,
                                      .head_dim = {},
                                      .context = 4096};
constexpr std::size_t kDefaultInner = 12288;
constexpr double kDefaultEps = 1e-5;
constexpr std::size_t kPublishedWindow = 4096;

ArchSpec Describe() {
  ArchSpec spec;
  spec.architecture = "starcoder2";
  spec.norm = NormKind::kLayer;
  ModuleNames& names = spec.modules;
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
  names[Point::kAttnProj] = "self_attn.o_proj";
  names[Point::kAttn] = "self_attn";
  names[Point::kMlpNorm] = "post_attention_layernorm";
  names[Point::kUp] = "mlp.c_fc";
  names[Point::kAct] = "mlp.act";
  names[Point::kDown] = "mlp.c_proj";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "norm";
  names[Point::kHead] = "lm_head";
  return spec;
}

// Keys of published files that the class does not read: of two that name a
// kind, the one that it has is told from others.
Status PassOver(HfModelConfig& config) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2>
      kKinds = {{{"mlp_type", "default"}, {"norm_type", "layer_norm"}}};
  for (const auto& [key, kind] : kKinds) {
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view value,
                              config.String({key}, kind));
    if (value == kind) continue;
    return config.Problem(
        key, fmt::format("is \"{}\": unsupported; this version reads {}",
                         Quote(value), kind));
  }
  PELLUCID_RETURN_IF_ERROR(config.String({"activation_function"}, ""));
  PELLUCID_RETURN_IF_ERROR(config.Number({"layer_norm_epsilon"}, 0.0));
  return {};
}

void SetWindow(std::size_t window, ArchSpec& spec) {
  for (LayerSpec& layer : spec.layers) layer.window = window;
}

}  // namespace

Result<LoadedModel> Starcoder2FromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = Describe();
  HfParts parts;
  WeightRules& rules = parts.rules;
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, kDefaults, spec));
  PELLUCID_ASSIGN_OR_RETURN(spec.d_mlp, config.Size({"intermediate_size"}, 1,
                                                    kMaxSize, kDefaultInner));
  PELLUCID_ASSIGN_OR_RETURN(spec.norm_eps,
                            config.Positive({"norm_epsilon"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(
      parts.activation,
      ReadActivationOf({"hidden_act"}, config, "gelu_pytorch_tanh", spec));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window,
                            config.Size({"sliding_window"}, 1, kMaxSize, 0));
  SetWindow(window, spec);
  PELLUCID_ASSIGN_OR_RETURN(const bool biased, config.Bool({"use_bias"}, true));
  rules.norm = NormForm::kWeightAndBias;
  rules.qkv = rules.attn_out = rules.mlp =
      biased ? Bias::kRequired : Bias::kNone;
  PELLUCID_ASSIGN_OR_RETURN(rules.tied,
                            config.Bool({"tie_word_embeddings"}, true));
  PELLUCID_ASSIGN_OR_RETURN(parts.rope, ReadHfRope(config, {}, spec));
  PELLUCID_RETURN_IF_ERROR(CheckWholeRope(config, *parts.rope));
  PELLUCID_RETURN_IF_ERROR(PassOver(config));
  return LoadHf(loader, parts, std::move(spec));
}

// The converter drops the window, which all published models have in common.
Result<LoadedModel> Starcoder2FromGguf(const GgufFile& file) {
  constexpr std::array<std::string_view, 1> kOwnKeys = {
      "attention.sliding_window"};
  GgufLoader loader(file);
  const GgufKeys keys("starcoder2");
  ArchSpec spec = Describe();
  PELLUCID_RETURN_IF_ERROR(CheckKnownKeys(loader, keys, kOwnKeys));
  PELLUCID_RETURN_IF_ERROR(ReadGgufSizes(loader, keys, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, keys("attention.layer_norm_epsilon"), kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window,
                            loader.Size(keys("attention.sliding_window"), 0,
                                        kMaxSize, kPublishedWindow));
  SetWindow(window, spec);
  spec.activation = kernels::Activation::kGeluTanh;
  GgufParts parts{.rules = {},
                  .names = {},
                  .rotates = kernels::RopePairs::kHalves,
                  .activation = "gelu_pytorch_tanh"};
  parts.rules.norm = NormForm::kWeightAndBias;
  parts.rules.qkv = parts.rules.attn_out = parts.rules.mlp = Bias::kIfStored;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
