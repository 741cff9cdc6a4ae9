// Falcon (Almazrouei et al. 2023), from Hugging Face folders
// (FalconForCausalLM) and from GGUF ("falcon").
//
//   7B:  x += dense(attention(h)) + mlp(h), h = input_layernorm(x)
//   40B: x += dense(attention(ln_attn(x))) + mlp(ln_mlp(x))
//   RW:  x += dense(attention(input_layernorm(x)))
//        x += mlp(post_attention_layernorm(x))
//
// mlp is dense_4h_to_h(act(dense_h_to_4h)). query_key_value holds, for each
// key-value head, its queries, its key and its value: one head (multi_query),
// num_kv_heads (new_decoder_architecture), or as many as there are queries.
// Heads turn whole, in halves, or have linear biases (ALiBi) instead. Norms are
// LayerNorms.
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

// FalconConfig's own, where a key is absent.
constexpr std::size_t kDefaultModel = 4544;
constexpr std::size_t kDefaultHeads = 71;
constexpr double kDefaultEps = 1e-5;

// What reads the stream through which norm.
enum class Norms {
  kOne,    // attention and MLP through the same
  kTwo,    // each through its own
  kAfter,  // one part after the other
};

ArchSpec Describe(Norms norms) {
  ArchSpec spec;
  spec.architecture = "falcon";
  spec.norm = NormKind::kLayer;
  spec.qkv_layout = QkvLayout::kGroups;
  spec.order =
      norms == Norms::kAfter ? BlockOrder::kSequential : BlockOrder::kParallel;
  ModuleNames& names = spec.modules;
  names.base = "transformer";
  names.layers = "h";
  names.attn = "self_attention";
  names.mlp = "mlp";
  names[Point::kEmbedTokens] = "word_embeddings";
  names[Point::kRotary] = "rotary_emb";
  names[Point::kAttnNorm] =
      norms == Norms::kTwo ? "ln_attn" : "input_layernorm";
  names[Point::kQkv] = "self_attention.query_key_value";
  names[Point::kAttnProj] = "self_attention.dense";
  names[Point::kAttn] = "self_attention";
  if (norms == Norms::kTwo) names[Point::kMlpNorm] = "ln_mlp";
  if (norms == Norms::kAfter) {
    names[Point::kMlpNorm] = "post_attention_layernorm";
  }
  names[Point::kUp] = "mlp.dense_h_to_4h";
  names[Point::kAct] = "mlp.act";
  names[Point::kDown] = "mlp.dense_4h_to_h";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "ln_f";
  names[Point::kHead] = "lm_head";
  return spec;
}

Result<Norms> ReadNorms(HfModelConfig& config, bool grouped) {
  PELLUCID_ASSIGN_OR_RETURN(const bool parallel,
                            config.Bool({"parallel_attn"}, true));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t count,
      config.Size({"num_ln_in_parallel_attn"}, 1, 2, grouped ? 2 : 1));
  if (grouped && !parallel) {
    return config.Problem("parallel_attn",
                          "is false beside new_decoder_architecture: no model "
                          "is so, and transformers runs none");
  }
  if (!grouped && parallel && count == 2) {
    return config.Problem("num_ln_in_parallel_attn",
                          "is 2 without new_decoder_architecture: no model is "
                          "so, and transformers runs none");
  }
  if (!parallel) return Norms::kAfter;
  return count == 2 ? Norms::kTwo : Norms::kOne;
}

// Key-value heads as the three forms of query_key_value have them.
Status ReadSizes(HfModelConfig& config, bool grouped, ArchSpec& spec) {
  HfSizeDefaults defaults{.vocab_size = 65024,
                          .d_model = {},
                          .n_layers = 32,
                          .n_heads = kDefaultHeads,
                          .n_kv_heads = {},
                          .head_dim = {},
                          .context = 2048};
  PELLUCID_ASSIGN_OR_RETURN(
      defaults.d_model,
      config.Size({"hidden_size", "n_embed"}, 1, kMaxSize, kDefaultModel));
  PELLUCID_ASSIGN_OR_RETURN(const bool one, config.Bool({"multi_query"}, true));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t groups,
      config.Size({"num_kv_heads", "n_head_kv"}, 1, kMaxSize, 0));
  if (grouped && groups != 0) defaults.n_kv_heads = groups;
  if (!grouped && one) defaults.n_kv_heads = 1;
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, defaults, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_mlp, config.Size({"ffn_hidden_size", "intermediate_size"}, 1,
                              kMaxSize, 4 * spec.d_model));
  // In published files, and read by no class.
  PELLUCID_RETURN_IF_ERROR(config.Number({"ff_factor"}, 4.0));
  return {};
}

}  // namespace

Result<LoadedModel> FalconFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "transformer");
  HfModelConfig& config = loader.config();
  HfParts parts;
  WeightRules& rules = parts.rules;
  PELLUCID_ASSIGN_OR_RETURN(const bool grouped,
                            config.Bool({"new_decoder_architecture"}, false));
  PELLUCID_ASSIGN_OR_RETURN(const Norms norms, ReadNorms(config, grouped));
  ArchSpec spec = Describe(norms);
  PELLUCID_RETURN_IF_ERROR(ReadSizes(config, grouped, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      config.Positive({"layer_norm_epsilon", "layer_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(parts.activation,
                            ReadActivation(config, "gelu", spec));
  PELLUCID_ASSIGN_OR_RETURN(const bool biased, config.Bool({"bias"}, false));
  rules.norm = NormForm::kWeightAndBias;
  rules.qkv = rules.attn_out = rules.mlp =
      biased ? Bias::kRequired : Bias::kNone;
  PELLUCID_ASSIGN_OR_RETURN(rules.tied,
                            config.Bool({"tie_word_embeddings"}, true));
  PELLUCID_ASSIGN_OR_RETURN(const bool alibi, config.Bool({"alibi"}, false));
  PELLUCID_ASSIGN_OR_RETURN(HfRope rope, ReadHfRope(config, {}, spec));
  PELLUCID_RETURN_IF_ERROR(CheckWholeRope(config, rope));
  // Its module is there beside linear biases too, and rotates nothing then.
  parts.rope = std::move(rope);
  if (alibi) {
    for (LayerSpec& layer : spec.layers) layer.rope = {};
  }
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel model,
                            LoadHf(loader, parts, std::move(spec)));
  if (alibi) {
    model.spec.alibi = {.slopes = AlibiSlopes(model.spec.n_heads),
                        .falcon = true};
  }
  return model;
}

// The converter writes neither base nor part of the rotation, and knows no form
// with ALiBi.
Result<LoadedModel> FalconFromGguf(const GgufFile& file) {
  constexpr std::array<std::string_view, 1> kOwnKeys = {"tensor_data_layout"};
  constexpr std::array<GgufName, 2> kTwoNorms = {
      {{Point::kAttnNorm, "attn_norm_2"}, {Point::kMlpNorm, "attn_norm"}}};
  GgufLoader loader(file);
  const GgufKeys keys("falcon");
  PELLUCID_RETURN_IF_ERROR(CheckKnownKeys(loader, keys, kOwnKeys));
  const bool two = loader.HasTensor("blk.0.attn_norm_2.weight");
  ArchSpec spec = Describe(two ? Norms::kTwo : Norms::kOne);
  PELLUCID_RETURN_IF_ERROR(ReadGgufSizes(loader, keys, spec));
  spec.d_mlp = MlpWidth(loader, spec.d_mlp);
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, keys("attention.layer_norm_epsilon"), kDefaultEps));
  spec.activation = kernels::Activation::kGelu;
  GgufParts parts{.rules = {},
                  .names = {},
                  .rotates = kernels::RopePairs::kHalves,
                  .activation = "gelu"};
  if (two) parts.names = kTwoNorms;
  parts.rules.norm = NormForm::kWeightAndBias;
  parts.rules.qkv = parts.rules.attn_out = parts.rules.mlp = Bias::kIfStored;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
