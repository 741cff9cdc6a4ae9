// GPT-NeoX and Pythia (Black et al. 2022, Biderman et al. 2023), from Hugging
// Face folders (GPTNeoXForCausalLM) and from GGUF ("gptneox").
//
//   x += dense(attention(rope(q), rope(k), v)) +
//   mlp(post_attention_layernorm(x))
//
// with q k v of input_layernorm(x), or, without use_parallel_residual, one
// after the other. mlp is dense_4h_to_h(act(dense_h_to_4h)). The first
// rotary_pct of a head's features turn, in halves; query_key_value holds each
// head's query, key and value together. Norms are LayerNorms.
#include <array>
#include <string_view>

#include "model/families/gguf_keys.h"
#include "model/families/hf_sizes.h"
#include "model/families/load.h"

namespace pellucid::families {
namespace {

using Bias = WeightRules::Bias;

// GPTNeoXConfig's own, where a key is absent.
constexpr HfSizeDefaults kDefaults = {.vocab_size = 50432,
                                      .d_model = 6144,
                                      .n_layers = 44,
                                      .n_heads = 64,
                                      .n_kv_heads = {},
                                      .head_dim = {},
                                      .context = 2048};
constexpr std::size_t kDefaultInner = 24576;
constexpr double kDefaultEps = 1e-5;
constexpr double kDefaultPartial = 0.25;

ModuleNames Modules() {
  ModuleNames names;
  names.base = "gpt_neox";
  names.layers = "layers";
  names.attn = "attention";
  names.mlp = "mlp";
  names[Point::kEmbedTokens] = "embed_in";
  names[Point::kRotary] = "rotary_emb";
  names[Point::kAttnNorm] = "input_layernorm";
  names[Point::kQkv] = "attention.query_key_value";
  names[Point::kAttnProj] = "attention.dense";
  names[Point::kAttn] = "attention";
  names[Point::kMlpNorm] = "post_attention_layernorm";
  names[Point::kUp] = "mlp.dense_h_to_4h";
  names[Point::kAct] = "mlp.act";
  names[Point::kDown] = "mlp.dense_4h_to_h";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "final_layer_norm";
  names[Point::kHead] = "embed_out";
  names.same = {{Point::kEmbed, "emb_dropout"},
                {Point::kAttn, "post_attention_dropout"},
                {Point::kMlp, "post_mlp_dropout"},
                {Point::kHead, "lm_head"}};  // since transformers 5
  return names;
}

ArchSpec Describe() {
  ArchSpec spec;
  spec.architecture = "gpt_neox";
  spec.modules = Modules();
  spec.norm = NormKind::kLayer;
  spec.qkv_layout = QkvLayout::kGroups;
  return spec;
}

BlockOrder OrderOf(bool parallel) {
  return parallel ? BlockOrder::kParallel : BlockOrder::kSequential;
}

}  // namespace

Result<LoadedModel> GptNeoxFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "gpt_neox");
  HfModelConfig& config = loader.config();
  ArchSpec spec = Describe();
  HfParts parts;
  WeightRules& rules = parts.rules;
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, kDefaults, spec));
  PELLUCID_ASSIGN_OR_RETURN(spec.d_mlp, config.Size({"intermediate_size"}, 1,
                                                    kMaxSize, kDefaultInner));
  PELLUCID_ASSIGN_OR_RETURN(spec.norm_eps,
                            config.Positive({"layer_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(parts.activation,
                            ReadActivation(config, "gelu", spec));
  PELLUCID_ASSIGN_OR_RETURN(const bool parallel,
                            config.Bool({"use_parallel_residual"}, true));
  spec.order = OrderOf(parallel);
  PELLUCID_ASSIGN_OR_RETURN(const bool biased,
                            config.Bool({"attention_bias"}, true));
  rules.norm = NormForm::kWeightAndBias;
  rules.qkv = rules.attn_out = biased ? Bias::kRequired : Bias::kNone;
  rules.mlp = Bias::kRequired;
  PELLUCID_ASSIGN_OR_RETURN(rules.tied,
                            config.Bool({"tie_word_embeddings"}, false));
  PELLUCID_ASSIGN_OR_RETURN(
      parts.rope, ReadHfRope(config, {.partial = kDefaultPartial}, spec));
  return LoadHf(loader, parts, std::move(spec));
}

Result<LoadedModel> GptNeoxFromGguf(const GgufFile& file) {
  constexpr std::array<std::string_view, 1> kOwnKeys = {
      "use_parallel_residual"};
  GgufLoader loader(file);
  const GgufKeys keys("gptneox");
  ArchSpec spec = Describe();
  PELLUCID_RETURN_IF_ERROR(CheckKnownKeys(loader, keys, kOwnKeys));
  PELLUCID_RETURN_IF_ERROR(ReadGgufSizes(loader, keys, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, keys("attention.layer_norm_epsilon"), kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(
      const bool parallel,
      loader.file().Bool(keys("use_parallel_residual"), true));
  spec.order = OrderOf(parallel);
  spec.activation = kernels::Activation::kGelu;
  GgufParts parts{.rules = {},
                  .names = {},
                  .rotates = kernels::RopePairs::kHalves,
                  .activation = "gelu"};
  parts.rules.norm = NormForm::kWeightAndBias;
  parts.rules.qkv = parts.rules.attn_out = Bias::kIfStored;
  parts.rules.mlp = Bias::kRequired;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
