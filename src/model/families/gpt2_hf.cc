// GPT-2 from a Hugging Face folder: GPT2LMHeadModel. Projections are Conv1D,
// whose weights lie as [in, out]; they are read as they lie.
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "model/families/gpt2.h"
#include "model/families/hf_weights.h"
#include "model/family.h"
#include "model/hf_loader.h"

namespace pellucid::families {
namespace {

// Where a key is absent, GPT2Config's own default.
constexpr std::size_t kDefaultContext = 1024;
constexpr double kDefaultEps = 1e-5;

Status ReadSizes(HfModelConfig& config, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(spec.vocab_size,
                            config.Size({"vocab_size"}, 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_model, config.Size({"n_embd", "hidden_size"}, 1, kMaxSize / 4));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_layers,
      config.Size({"n_layer", "num_hidden_layers"}, 1, kMaxLayers));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_heads,
      config.Size({"n_head", "num_attention_heads"}, 1, spec.d_model));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_mlp, config.Size({"n_inner", "intermediate_size"}, 1, kMaxSize,
                              4 * spec.d_model));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.context_length,
      config.Size({"n_positions", "max_position_embeddings"}, 1, kMaxSize,
                  kDefaultContext));
  if (spec.d_model % spec.n_heads != 0) {
    return config.Problem("n_head",
                          fmt::format("{} heads do not share {} features "
                                      "evenly; the file is damaged",
                                      spec.n_heads, spec.d_model));
  }
  return {};
}

// What divides the dots of queries and keys.
struct Gpt2Scale {
  bool by_width = true;
  bool by_layer = false;
};

Result<Gpt2Scale> ReadScale(HfModelConfig& config) {
  Gpt2Scale scale;
  PELLUCID_ASSIGN_OR_RETURN(scale.by_width,
                            config.Bool({"scale_attn_weights"}, true));
  PELLUCID_ASSIGN_OR_RETURN(
      scale.by_layer, config.Bool({"scale_attn_by_inverse_layer_idx"}, false));
  // "reorder_and_upcast_attn" names an order of operations and a precision
  // that float32 has anyway.
  PELLUCID_ASSIGN_OR_RETURN(const bool cross,
                            config.Bool({"add_cross_attention"}, false));
  if (cross) {
    return config.Problem("add_cross_attention",
                          "is true: unsupported; this version reads decoders "
                          "that stand alone");
  }
  return scale;
}

WeightRules Rules() {
  using Bias = WeightRules::Bias;
  WeightRules rules;
  rules.qkv = rules.attn_out = rules.mlp = Bias::kRequired;
  rules.norm = NormForm::kWeightAndBias;
  rules.conv1d = true;
  return rules;
}

}  // namespace

Result<LoadedModel> Gpt2FromHf(const HfFolder& folder) {
  HfLoader loader(folder, "transformer");
  HfModelConfig& config = loader.config();
  ArchSpec spec;
  PELLUCID_RETURN_IF_ERROR(ReadSizes(config, spec));
  DescribeGpt2(spec);
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      config.Positive({"layer_norm_epsilon", "layer_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view activation,
                            ReadActivation(config, "gelu_new", spec));
  PELLUCID_ASSIGN_OR_RETURN(const Gpt2Scale scale, ReadScale(config));
  WeightRules rules = Rules();
  PELLUCID_ASSIGN_OR_RETURN(rules.tied,
                            config.Bool({"tie_word_embeddings"}, true));
  PELLUCID_RETURN_IF_ERROR(config.CheckAllKnown());
  ScaleGpt2Attention(scale.by_width, scale.by_layer, spec);
  PELLUCID_ASSIGN_OR_RETURN(Weights weights,
                            ReadHfWeights(loader, rules, spec));
  NoteGpt2Details(weights, activation, spec);
  return LoadedModel{std::move(spec), std::move(weights)};
}

}  // namespace pellucid::families
