// GPT-J (Wang & Komatsuzaki 2021), from Hugging Face folders
// (GPTJForCausalLM).
//
//   x += out_proj(attention(rope(q), rope(k), v)) + fc_out(act(fc_in(h)))
//
// with q k v of h = ln_1(x), the one norm (a LayerNorm) of a block. The first
// rotary_dim features of a head turn, in adjacent pairs; only the MLP and the
// head have biases.
#include <fmt/format.h>

#include <utility>

#include "model/families/hf_sizes.h"
#include "model/families/load.h"

namespace pellucid::families {
namespace {

// GPTJConfig's own, where a key is absent.
constexpr HfSizeDefaults kDefaults = {.vocab_size = 50400,
                                      .d_model = 4096,
                                      .n_layers = 28,
                                      .n_heads = 16,
                                      .n_kv_heads = {},
                                      .head_dim = {},
                                      .context = 2048};
constexpr std::size_t kDefaultRotary = 64;
constexpr double kDefaultEps = 1e-5;

ModuleNames Modules() {
  ModuleNames names;
  names.base = "transformer";
  names.layers = "h";
  names.attn = "attn";
  names.mlp = "mlp";
  names[Point::kEmbedTokens] = "wte";
  names[Point::kAttnNorm] = "ln_1";
  names[Point::kQuery] = "attn.q_proj";
  names[Point::kKey] = "attn.k_proj";
  names[Point::kValue] = "attn.v_proj";
  names[Point::kAttnProj] = "attn.out_proj";
  names[Point::kAttn] = "attn";
  names[Point::kUp] = "mlp.fc_in";
  names[Point::kAct] = "mlp.act";
  names[Point::kDown] = "mlp.fc_out";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "ln_f";
  names[Point::kHead] = "lm_head";
  names.same = {{Point::kEmbed, "drop"},
                {Point::kAttnProj, "attn.resid_dropout"},
                {Point::kDown, "mlp.dropout"}};
  return names;
}

Result<std::size_t> ReadRotaryDims(HfModelConfig& config,
                                   const ArchSpec& spec) {
  if (config.IsNull({"rotary_dim"})) {
    return config.Problem("rotary_dim",
                          "is null: unsupported; there must be a number");
  }
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t dims,
      config.Size({"rotary_dim"}, 2, spec.head_dim, kDefaultRotary));
  if (dims % 2 == 0 && dims <= spec.head_dim) return dims;
  return config.Problem("rotary_dim",
                        fmt::format("is {}, of a head size of {}; there must "
                                    "be an even number within it",
                                    dims, spec.head_dim));
}

}  // namespace

Result<LoadedModel> GptjFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "transformer");
  HfModelConfig& config = loader.config();
  ArchSpec spec;
  spec.architecture = "gptj";
  spec.modules = Modules();
  spec.norm = NormKind::kLayer;
  spec.order = BlockOrder::kParallel;
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, kDefaults, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_mlp, config.Size({"n_inner", "intermediate_size"}, 1, kMaxSize,
                              4 * spec.d_model));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      config.Positive({"layer_norm_epsilon", "layer_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(parts.activation,
                            ReadActivation(config, "gelu_new", spec));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t rotary,
                            ReadRotaryDims(config, spec));
  // In published files, and read by no class.
  PELLUCID_RETURN_IF_ERROR(config.Bool({"rotary"}, true));
  PELLUCID_RETURN_IF_ERROR(config.Bool({"scale_attn_weights"}, true));
  parts.rules.norm = NormForm::kWeightAndBias;
  parts.rules.mlp = parts.rules.head = WeightRules::Bias::kRequired;
  PELLUCID_ASSIGN_OR_RETURN(parts.rules.tied,
                            config.Bool({"tie_word_embeddings"}, false));
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel model,
                            LoadHf(loader, parts, std::move(spec)));
  PELLUCID_ASSIGN_OR_RETURN(
      RopeSpec rope, MakeRope(loader, HfRope{}, rotary,
                              kernels::RopePairs::kAdjacent, model.spec));
  model.spec.ropes.push_back(std::move(rope));
  return model;
}

}  // namespace pellucid::families
