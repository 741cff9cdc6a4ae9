// BLOOM (Le Scao et al. 2022), from Hugging Face folders (BloomForCausalLM) and
// from GGUF ("bloom").
//
//   x  = word_embeddings_layernorm(word_embeddings[token])
//   x += dense(attention(q, k, v)), q k v of input_layernorm(x)
//   x += dense_4h_to_h(gelu(dense_h_to_4h(post_attention_layernorm(x))))
//
// with linear biases (ALiBi) added to the scaled scores. With
// apply_residual_connection_post_layernorm the norm's output is added to, not
// x. query_key_value holds each head's query, key and value together. The
// modules self_attention and mlp give the stream, not what is added to it.
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "model/families/alibi.h"
#include "model/families/gguf_keys.h"
#include "model/families/hf_sizes.h"
#include "model/families/load.h"

namespace pellucid::families {
namespace {

using Bias = WeightRules::Bias;

// BloomConfig's own, where a key is absent.
constexpr std::size_t kDefaultModel = 64;
constexpr double kDefaultEps = 1e-5;

ModuleNames Modules() {
  ModuleNames names;
  names.base = "transformer";
  names.layers = "h";
  names.attn = "self_attention";
  names.mlp = "mlp";
  names[Point::kEmbedTokens] = "word_embeddings";
  names[Point::kEmbedNorm] = "word_embeddings_layernorm";
  names[Point::kAttnNorm] = "input_layernorm";
  names[Point::kQkv] = "self_attention.query_key_value";
  names[Point::kAttnProj] = "self_attention.dense";
  names[Point::kAttn] = "self_attention";
  names[Point::kMlpNorm] = "post_attention_layernorm";
  names[Point::kUp] = "mlp.dense_h_to_4h";
  names[Point::kAct] = "mlp.gelu_impl";
  names[Point::kDown] = "mlp.dense_4h_to_h";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "ln_f";
  names[Point::kHead] = "lm_head";
  return names;
}

ArchSpec Describe() {
  ArchSpec spec;
  spec.architecture = "bloom";
  spec.modules = Modules();
  spec.norm = NormKind::kLayer;
  spec.qkv_layout = QkvLayout::kGroups;
  spec.modules_add_residual = true;
  spec.activation = kernels::Activation::kGeluFast;  // in its own form
  return spec;
}

WeightRules Rules() {
  WeightRules rules;
  rules.norm = NormForm::kWeightAndBias;
  rules.qkv = rules.attn_out = rules.mlp = Bias::kRequired;
  return rules;
}

// The length that a model was trained on is no bound of its own: ALiBi has
// none.
Status ReadSizes(HfModelConfig& config, ArchSpec& spec) {
  HfSizeDefaults defaults{.vocab_size = 250880,
                          .d_model = {},
                          .n_layers = 2,
                          .n_heads = 8,
                          .n_kv_heads = {},
                          .head_dim = {},
                          .context = {}};
  PELLUCID_ASSIGN_OR_RETURN(
      defaults.d_model,
      config.Size({"hidden_size", "n_embed"}, 1, kMaxSize, kDefaultModel));
  PELLUCID_ASSIGN_OR_RETURN(defaults.context,
                            config.Size({"seq_length"}, 1, kMaxSize, 2048));
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, defaults, spec));
  spec.d_mlp = 4 * spec.d_model;
  return {};
}

}  // namespace

Result<LoadedModel> BloomFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "transformer");
  HfModelConfig& config = loader.config();
  ArchSpec spec = Describe();
  HfParts parts{.rules = Rules(), .rope = {}, .activation = "gelu"};
  PELLUCID_RETURN_IF_ERROR(ReadSizes(config, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      config.Positive({"layer_norm_epsilon", "layer_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.residual_from_norm,
      config.Bool({"apply_residual_connection_post_layernorm"}, false));
  PELLUCID_ASSIGN_OR_RETURN(parts.rules.tied,
                            config.Bool({"tie_word_embeddings"}, true));
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel model,
                            LoadHf(loader, parts, std::move(spec)));
  model.spec.alibi.slopes = AlibiSlopes(model.spec.n_heads);
  return model;
}

Result<LoadedModel> BloomFromGguf(const GgufFile& file) {
  constexpr std::array<std::string_view, 1> kOwnKeys = {
      "attention.max_alibi_bias"};
  constexpr float kMaxBias = 8;  // 2^-8 is the last slope of AlibiSlopes
  GgufLoader loader(file);
  const GgufKeys keys("bloom");
  ArchSpec spec = Describe();
  PELLUCID_RETURN_IF_ERROR(
      CheckKnownKeys(loader, keys, kOwnKeys, /*with_rope=*/false));
  PELLUCID_RETURN_IF_ERROR(ReadGgufSizes(loader, keys, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, keys("attention.layer_norm_epsilon"), kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(
      const float bias,
      PositiveFloat(loader, keys("attention.max_alibi_bias"), kMaxBias));
  if (bias != kMaxBias) {
    return loader.Problem(keys("attention.max_alibi_bias"),
                          fmt::format("is {}: unsupported; this version reads "
                                      "{}",
                                      bias, kMaxBias));
  }
  const GgufParts parts{
      .rules = Rules(), .names = {}, .rotates = {}, .activation = "gelu"};
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel model,
                            LoadGguf(loader, keys, parts, std::move(spec)));
  model.spec.alibi.slopes = AlibiSlopes(model.spec.n_heads);
  return model;
}

}  // namespace pellucid::families
