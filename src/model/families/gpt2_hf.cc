// GPT-2 from a Hugging Face folder: GPT2LMHeadModel. Projections are Conv1D,
// whose weights lie as [in, out]; they are read as they lie.
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "model/families/gpt2.h"
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

Result<LayerWeights> ReadLayer(HfLoader& loader, const ArchSpec& spec,
                               std::size_t layer) {
  const std::string prefix = fmt::format("transformer.h.{}.", layer);
  const std::size_t d = spec.d_model;
  LayerWeights w;
  PELLUCID_ASSIGN_OR_RETURN(w.attn_norm, loader.LayerNorm(prefix + "ln_1", d));
  PELLUCID_ASSIGN_OR_RETURN(w.qkv,
                            loader.Conv1d(prefix + "attn.c_attn", 3 * d, d));
  PELLUCID_ASSIGN_OR_RETURN(w.attn_out,
                            loader.Conv1d(prefix + "attn.c_proj", d, d));
  PELLUCID_ASSIGN_OR_RETURN(w.mlp_norm, loader.LayerNorm(prefix + "ln_2", d));
  PELLUCID_ASSIGN_OR_RETURN(w.up,
                            loader.Conv1d(prefix + "mlp.c_fc", spec.d_mlp, d));
  PELLUCID_ASSIGN_OR_RETURN(
      w.down, loader.Conv1d(prefix + "mlp.c_proj", d, spec.d_mlp));
  return w;
}

Result<Weights> ReadWeights(HfLoader& loader, bool tied, const ArchSpec& spec) {
  Weights weights;
  PELLUCID_RETURN_IF_ERROR(ReadEmbeddings(loader, "transformer.wte", "lm_head",
                                          tied, spec, weights));
  PELLUCID_ASSIGN_OR_RETURN(weights.positions,
                            loader.Matrix("transformer.wpe.weight",
                                          spec.context_length, spec.d_model));
  weights.layers.reserve(spec.n_layers);
  for (std::size_t layer = 0; layer < spec.n_layers; ++layer) {
    PELLUCID_ASSIGN_OR_RETURN(LayerWeights w, ReadLayer(loader, spec, layer));
    weights.layers.push_back(std::move(w));
  }
  PELLUCID_ASSIGN_OR_RETURN(weights.final_norm,
                            loader.LayerNorm("transformer.ln_f", spec.d_model));
  return weights;
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
  PELLUCID_ASSIGN_OR_RETURN(const bool tied,
                            config.Bool({"tie_word_embeddings"}, true));
  PELLUCID_RETURN_IF_ERROR(config.CheckAllKnown());
  PELLUCID_ASSIGN_OR_RETURN(Weights weights, ReadWeights(loader, tied, spec));
  PELLUCID_RETURN_IF_ERROR(loader.CheckAllTaken());
  ScaleGpt2Attention(scale.by_width, scale.by_layer, spec);
  NoteGpt2Details(weights, activation, spec);
  return LoadedModel{std::move(spec), std::move(weights)};
}

}  // namespace pellucid::families
