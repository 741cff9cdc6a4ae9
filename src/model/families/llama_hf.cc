// Llama from a Hugging Face folder: LlamaForCausalLM. Rotary scaling stands in
// "rope_parameters" (transformers 5) or "rope_scaling" beside "rope_theta".
#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/quote.h"
#include "kernels/rope.h"
#include "model/families/llama.h"
#include "model/family.h"
#include "model/hf_loader.h"

namespace pellucid::families {
namespace {

constexpr LlamaTensors kTensors = {.attn_norm = "input_layernorm",
                                   .query = "self_attn.q_proj",
                                   .key = "self_attn.k_proj",
                                   .value = "self_attn.v_proj",
                                   .attn_out = "self_attn.o_proj",
                                   .mlp_norm = "post_attention_layernorm",
                                   .gate = "mlp.gate_proj",
                                   .up = "mlp.up_proj",
                                   .down = "mlp.down_proj"};

// Where a key is absent, LlamaConfig's own default.
constexpr std::size_t kDefaultContext = 2048;
constexpr double kDefaultEps = 1e-6;
constexpr double kDefaultTheta = 10000;

Status ReadSizes(HfLoader& loader, ArchSpec& spec) {
  HfModelConfig& config = loader.config();
  PELLUCID_ASSIGN_OR_RETURN(spec.vocab_size,
                            config.Size({"vocab_size"}, 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_model, config.Size({"hidden_size", "n_embd"}, 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(spec.d_mlp,
                            config.Size({"intermediate_size"}, 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_layers,
      config.Size({"num_hidden_layers", "n_layer"}, 1, kMaxLayers));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_heads,
      config.Size({"num_attention_heads", "n_head"}, 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_kv_heads,
      config.Size({"num_key_value_heads"}, 1, kMaxSize, spec.n_heads));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.context_length,
      config.Size({"max_position_embeddings", "n_positions"}, 1, kMaxSize,
                  kDefaultContext));
  if (!config.Has({"head_dim"}) && spec.d_model % spec.n_heads != 0) {
    return config.Problem("hidden_size",
                          fmt::format("is {}, no multiple of the {} heads, and "
                                      "there is no head_dim",
                                      spec.d_model, spec.n_heads));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      spec.head_dim,
      config.Size({"head_dim"}, 1, kMaxSize, spec.d_model / spec.n_heads));
  return CheckLlamaHeads(loader, "num_attention_heads", spec);
}

Result<LlamaBiases> ReadBiases(HfModelConfig& config) {
  using Bias = TensorLoader::Bias;
  PELLUCID_ASSIGN_OR_RETURN(const bool attention,
                            config.Bool({"attention_bias"}, false));
  PELLUCID_ASSIGN_OR_RETURN(const bool mlp, config.Bool({"mlp_bias"}, false));
  return LlamaBiases{attention ? Bias::kRequired : Bias::kNone,
                     mlp ? Bias::kRequired : Bias::kNone};
}

Result<Llama3Scaling> ReadLlama3(HfModelConfig& rope, HfModelConfig& config,
                                 const ArchSpec& spec) {
  Llama3Scaling scaling;
  PELLUCID_ASSIGN_OR_RETURN(scaling.factor, rope.Positive({"factor"}));
  PELLUCID_ASSIGN_OR_RETURN(scaling.low_freq_factor,
                            rope.Positive({"low_freq_factor"}));
  PELLUCID_ASSIGN_OR_RETURN(scaling.high_freq_factor,
                            rope.Positive({"high_freq_factor"}));
  if (!(scaling.high_freq_factor > scaling.low_freq_factor)) {
    return rope.Problem(
        "high_freq_factor",
        fmt::format("is {}, not above low_freq_factor {}",
                    scaling.high_freq_factor, scaling.low_freq_factor));
  }
  // Beside the scaling it beats the one within, as in transformers.
  constexpr std::string_view kOriginal = "original_max_position_embeddings";
  PELLUCID_ASSIGN_OR_RETURN(
      const float within,
      rope.Positive({kOriginal}, static_cast<double>(spec.context_length)));
  PELLUCID_ASSIGN_OR_RETURN(scaling.original_context,
                            config.Positive({kOriginal}, within));
  return scaling;
}

Status ScaleRope(HfModelConfig& rope, HfModelConfig& config, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view type,
                            rope.String({"rope_type", "type"}, "default"));
  if (type == "linear") {
    PELLUCID_ASSIGN_OR_RETURN(const float factor, rope.Positive({"factor"}));
    for (float& f : spec.inv_freq) f /= factor;
    spec.details.emplace_back("rope_scaling",
                              fmt::format("linear, factor {}", factor));
  } else if (type == "llama3") {
    PELLUCID_ASSIGN_OR_RETURN(const Llama3Scaling scaling,
                              ReadLlama3(rope, config, spec));
    DivideFrequencies(Llama3Divisors(spec.inv_freq, scaling), spec);
    spec.details.emplace_back("rope_scaling",
                              fmt::format("llama3, factor {}", scaling.factor));
  } else if (type != "default") {
    return rope.Problem("rope_type",
                        fmt::format("is \"{}\": unsupported; this version "
                                    "reads default, linear and llama3",
                                    Quote(type)));
  }
  // What the type above has no use for is ignored there too.
  for (const std::string_view unused :
       {"factor", "low_freq_factor", "high_freq_factor", "attention_factor",
        "original_max_position_embeddings"}) {
    PELLUCID_RETURN_IF_ERROR(rope.Positive({unused}, 1.0));
  }
  return rope.CheckAllKnown();
}

Status ReadRope(HfLoader& loader, ArchSpec& spec) {
  HfModelConfig& config = loader.config();
  // Shows that head_dim is no lie before anything of its size is allocated.
  PELLUCID_RETURN_IF_ERROR(
      loader.Matrix("model.layers.0.self_attn.q_proj.weight", spec.QueryWidth(),
                    spec.d_model));
  PELLUCID_ASSIGN_OR_RETURN(const float outside,
                            config.Positive({"rope_theta"}, kDefaultTheta));
  // Where both are there, transformers takes rope_scaling.
  PELLUCID_ASSIGN_OR_RETURN(std::optional<HfModelConfig> legacy,
                            config.Object({"rope_scaling"}));
  PELLUCID_ASSIGN_OR_RETURN(std::optional<HfModelConfig> rope,
                            config.Object({"rope_parameters"}));
  if (legacy) rope = std::move(legacy);
  float base = outside;
  if (rope) {
    PELLUCID_ASSIGN_OR_RETURN(base, rope->Positive({"rope_theta"}, outside));
  }
  spec.inv_freq = kernels::InverseFrequencies(base, spec.head_dim);
  spec.details.emplace_back("rope_theta", fmt::format("{}", base));
  if (rope) PELLUCID_RETURN_IF_ERROR(ScaleRope(*rope, config, spec));
  return CheckFrequencies(loader, "rope_theta or rope_scaling", spec);
}

Result<Weights> ReadWeights(HfLoader& loader, const LlamaBiases& biases,
                            bool tied, const ArchSpec& spec) {
  Weights weights;
  PELLUCID_RETURN_IF_ERROR(ReadEmbeddings(loader, "model.embed_tokens",
                                          "lm_head", tied, spec, weights));
  weights.layers.reserve(spec.n_layers);
  for (std::size_t layer = 0; layer < spec.n_layers; ++layer) {
    PELLUCID_ASSIGN_OR_RETURN(
        LayerWeights w,
        ReadLlamaLayer(loader, fmt::format("model.layers.{}.", layer), kTensors,
                       biases, spec));
    weights.layers.push_back(std::move(w));
  }
  PELLUCID_ASSIGN_OR_RETURN(weights.final_norm,
                            loader.RmsNorm("model.norm", spec.d_model));
  return weights;
}

}  // namespace

Result<LoadedModel> LlamaFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  ArchSpec spec;
  DescribeLlama(spec);
  PELLUCID_RETURN_IF_ERROR(ReadSizes(loader, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps, loader.config().Positive({"rms_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view activation,
                            ReadActivation(loader.config(), "silu", spec));
  PELLUCID_ASSIGN_OR_RETURN(const LlamaBiases biases,
                            ReadBiases(loader.config()));
  PELLUCID_RETURN_IF_ERROR(ReadRope(loader, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      const bool tied, loader.config().Bool({"tie_word_embeddings"}, false));
  PELLUCID_RETURN_IF_ERROR(loader.config().CheckAllKnown());
  PELLUCID_ASSIGN_OR_RETURN(Weights weights,
                            ReadWeights(loader, biases, tied, spec));
  PELLUCID_RETURN_IF_ERROR(loader.CheckAllTaken());
  FinishLlama(weights, activation, spec);
  return LoadedModel{std::move(spec), std::move(weights)};
}

}  // namespace pellucid::families
