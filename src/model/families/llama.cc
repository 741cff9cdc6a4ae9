// Llama 1-3.x, SmolLM, SmolLM2, TinyLlama and others with general.architecture
// "llama". Sources: Touvron et al. 2023; the modules of Hugging Face's
// LlamaForCausalLM, which site names follow.
//
//   x += o_proj(attention(rope(q), rope(k), v)), q k v of input_layernorm(x)
//   x += down(silu(gate) * up), gate and up of post_attention_layernorm(x)

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "base/quote.h"
#include "kernels/rope.h"
#include "model/family.h"
#include "model/gguf_loader.h"

namespace pellucid::families {
namespace {

// Bounds for values of the header, far beyond any model. They keep products of
// two sizes from overflowing; real limits come from the tensors' shapes.
constexpr std::size_t kMaxSize = std::size_t{1} << 30;
constexpr std::size_t kMaxLayers = 4096;
// Radians a position. The first frequency of any scheme is 1 or near it.
constexpr float kMaxFrequency = 1024;

// Keys below "llama." that the code here reads or that do not alter the maths.
constexpr std::array<std::string_view, 22> kKnownKeys = {
    "attention.causal",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.layer_norm_epsilon",
    "attention.layer_norm_rms_epsilon",
    "attention.sliding_window",
    "attention.value_length",
    "block_count",
    "context_length",
    "embedding_length",
    "expert_count",
    "expert_used_count",
    "feed_forward_length",
    "rope.dimension_count",
    "rope.freq_base",
    "rope.scale_linear",
    "rope.scaling.factor",
    "rope.scaling.finetuned",
    "rope.scaling.original_context_length",
    "rope.scaling.type",
    "vocab_size",
};

ModuleNames LlamaModules() {
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
  names[Point::kAttnProj] = "self_attn.o_proj";
  names[Point::kAttn] = "self_attn";
  names[Point::kMlpNorm] = "post_attention_layernorm";
  names[Point::kGate] = "mlp.gate_proj";
  names[Point::kUp] = "mlp.up_proj";
  names[Point::kAct] = "mlp.act_fn";
  names[Point::kDown] = "mlp.down_proj";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "norm";
  names[Point::kHead] = "lm_head";
  return names;
}

Status CheckKeys(const GgufLoader& loader) {
  constexpr std::string_view kPrefix = "llama.";
  for (const auto& [key, value] : loader.file().values()) {
    if (!key.starts_with(kPrefix)) continue;
    const std::string_view rest = key.substr(kPrefix.size());
    if (std::ranges::find(kKnownKeys, rest) == kKnownKeys.end()) {
      return loader.Problem(
          std::string(key),
          "is not understood by this version and may change what the model "
          "computes");
    }
  }
  PELLUCID_ASSIGN_OR_RETURN(
      const std::uint64_t experts,
      loader.file().Unsigned("llama.expert_count", std::uint64_t{0}));
  if (experts != 0) {
    return loader.Problem(
        "llama.expert_count",
        fmt::format("is {}: unsupported architecture (mixture of experts); "
                    "this version reads dense models",
                    experts));
  }
  PELLUCID_ASSIGN_OR_RETURN(const bool causal,
                            loader.file().Bool("llama.attention.causal", true));
  if (!causal) {
    return loader.Problem("llama.attention.causal",
                          "is false: unsupported; this version reads causal "
                          "models");
  }
  return {};
}

// Reads a positive, finite float32 key.
Result<float> PositiveFloat(const GgufLoader& loader, std::string_view key,
                            double fallback) {
  PELLUCID_ASSIGN_OR_RETURN(const double value,
                            loader.file().Float(key, fallback));
  const auto narrow = static_cast<float>(value);
  if (!(narrow > 0) || !std::isfinite(narrow)) {
    return loader.Problem(std::string(key),
                          fmt::format("is {}, not a positive number", value));
  }
  return narrow;
}

Status ReadSizes(const GgufLoader& loader, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(spec.d_model,
                            loader.Size("llama.embedding_length", 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(spec.n_layers,
                            loader.Size("llama.block_count", 1, kMaxLayers));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_heads, loader.Size("llama.attention.head_count", 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_kv_heads,
      loader.Size("llama.attention.head_count_kv", 1, kMaxSize, spec.n_heads));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_mlp, loader.Size("llama.feed_forward_length", 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(spec.context_length,
                            loader.Size("llama.context_length", 1, kMaxSize));
  if (spec.n_heads % spec.n_kv_heads != 0) {
    return loader.Problem(
        "llama.attention.head_count",
        fmt::format("is {}, no multiple of the {} key-value heads",
                    spec.n_heads, spec.n_kv_heads));
  }
  const bool has_length = loader.file().Has("llama.attention.key_length");
  if (!has_length && spec.d_model % spec.n_heads != 0) {
    return loader.Problem(
        "llama.embedding_length",
        fmt::format("is {}, no multiple of the {} heads, and there is no "
                    "llama.attention.key_length",
                    spec.d_model, spec.n_heads));
  }
  const std::size_t split = spec.d_model / spec.n_heads;
  PELLUCID_ASSIGN_OR_RETURN(
      spec.head_dim,
      loader.Size("llama.attention.key_length", 2, kMaxSize, split));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t value_length,
      loader.Size("llama.attention.value_length", 1, kMaxSize, spec.head_dim));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t rotary,
      loader.Size("llama.rope.dimension_count", 1, kMaxSize, spec.head_dim));
  if (value_length != spec.head_dim || rotary != spec.head_dim ||
      spec.head_dim % 2 != 0) {
    return loader.Problem(
        "llama.attention.key_length",
        fmt::format("head sizes: keys {}, values {}, rotary dimensions {}; "
                    "this version reads llama models where they are equal and "
                    "even",
                    spec.head_dim, value_length, rotary));
  }
  // Heads come as rows of projections, whose shapes are checked against the
  // file; this only keeps the product from overflowing.
  if (spec.n_heads > kMaxSize / spec.head_dim) {
    return loader.Problem("llama.attention.head_count",
                          fmt::format("{} heads of {} are too large",
                                      spec.n_heads, spec.head_dim));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      spec.window,
      loader.Size("llama.attention.sliding_window", 0, kMaxSize, 0));
  return {};
}

// Frequencies after the file's scaling: "linear" divides all by a factor,
// Llama 3's own scaling is stored as one divisor a frequency.
Status ReadRope(GgufLoader& loader, ArchSpec& spec) {
  const GgufFile& file = loader.file();
  PELLUCID_ASSIGN_OR_RETURN(
      const float base, PositiveFloat(loader, "llama.rope.freq_base", 10000.0));
  spec.inv_freq = kernels::InverseFrequencies(base, spec.head_dim);
  spec.details.emplace_back("rope_theta", fmt::format("{}", base));

  PELLUCID_ASSIGN_OR_RETURN(const std::string_view type,
                            file.String("llama.rope.scaling.type", "none"));
  if (type != "none" && type != "linear") {
    return loader.Problem("llama.rope.scaling.type",
                          fmt::format("is \"{}\": unsupported; this version "
                                      "reads none and linear",
                                      Quote(type)));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      const float legacy,
      PositiveFloat(loader, "llama.rope.scale_linear", 1.0));
  PELLUCID_ASSIGN_OR_RETURN(
      const float stated,
      PositiveFloat(loader, "llama.rope.scaling.factor", 1.0));
  const float factor = type == "linear" ? stated : legacy;
  if (factor != 1.0f) {
    for (float& f : spec.inv_freq) f /= factor;
    spec.details.emplace_back("rope_scaling",
                              fmt::format("linear, factor {}", factor));
  }
  if (loader.HasTensor("rope_freqs.weight")) {
    PELLUCID_ASSIGN_OR_RETURN(
        const std::vector<float> divisors,
        loader.Vector("rope_freqs.weight", spec.head_dim / 2));
    for (std::size_t i = 0; i < divisors.size(); ++i) {
      spec.inv_freq[i] /= divisors[i];
    }
    spec.details.emplace_back("rope_scaling", "llama3 (rope_freqs.weight)");
  }
  for (const float f : spec.inv_freq) {
    if (!(f > 0) || f > kMaxFrequency) {
      return loader.Problem(
          "rotary frequencies",
          fmt::format("one is {}, which is not within 0 and {}; "
                      "llama.rope.freq_base or rope_freqs.weight is damaged",
                      f, kMaxFrequency));
    }
  }
  return {};
}

Result<LayerWeights> ReadLayer(GgufLoader& loader, const ArchSpec& spec,
                               const Weights& weights, std::size_t layer) {
  const std::string prefix = fmt::format("blk.{}.", layer);
  const std::size_t d = spec.d_model;
  LayerWeights w;
  PELLUCID_ASSIGN_OR_RETURN(w.attn_norm,
                            loader.Vector(prefix + "attn_norm.weight", d));
  PELLUCID_ASSIGN_OR_RETURN(
      w.query, loader.Linear(prefix + "attn_q", spec.QueryWidth(), d));
  PELLUCID_ASSIGN_OR_RETURN(
      w.key, loader.Linear(prefix + "attn_k", spec.KeyWidth(), d));
  PELLUCID_ASSIGN_OR_RETURN(
      w.value, loader.Linear(prefix + "attn_v", spec.KeyWidth(), d));
  PELLUCID_ASSIGN_OR_RETURN(
      w.attn_out, loader.Linear(prefix + "attn_output", d, spec.QueryWidth()));
  PELLUCID_ASSIGN_OR_RETURN(w.mlp_norm,
                            loader.Vector(prefix + "ffn_norm.weight", d));
  PELLUCID_ASSIGN_OR_RETURN(w.gate,
                            loader.Linear(prefix + "ffn_gate", spec.d_mlp, d));
  PELLUCID_ASSIGN_OR_RETURN(w.up,
                            loader.Linear(prefix + "ffn_up", spec.d_mlp, d));
  PELLUCID_ASSIGN_OR_RETURN(w.down,
                            loader.Linear(prefix + "ffn_down", d, spec.d_mlp));
  w.query.weight.row_order = weights.query_order;
  w.key.weight.row_order = weights.key_order;
  if (!w.query.bias.empty()) {
    w.query.bias = Reordered(w.query.bias, weights.query_order);
  }
  if (!w.key.bias.empty()) {
    w.key.bias = Reordered(w.key.bias, weights.key_order);
  }
  return w;
}

Result<Weights> ReadWeights(GgufLoader& loader, ArchSpec& spec) {
  const GgufTensor* embed = loader.file().FindTensor("token_embd.weight");
  if (embed == nullptr || embed->shape.size() != 2) {
    return loader.Problem("tensor token_embd.weight",
                          "is missing or no matrix; the file is not whole");
  }
  spec.vocab_size = embed->shape[0];
  if (spec.vocab_size > kMaxSize) {
    return loader.Problem(
        "tensor token_embd.weight",
        fmt::format("has {} rows, more than {}", spec.vocab_size, kMaxSize));
  }
  Weights weights;
  PELLUCID_ASSIGN_OR_RETURN(
      weights.embed,
      loader.Matrix("token_embd.weight", spec.vocab_size, spec.d_model));
  // The first block's shapes are checked before anything of their size is
  // allocated.
  for (const auto& [name, rows] :
       {std::pair{"blk.0.attn_q.weight", spec.QueryWidth()},
        std::pair{"blk.0.attn_k.weight", spec.KeyWidth()}}) {
    PELLUCID_RETURN_IF_ERROR(loader.Matrix(name, rows, spec.d_model));
  }
  weights.query_order = InterleavedRowOrder(spec.n_heads, spec.head_dim);
  weights.key_order = InterleavedRowOrder(spec.n_kv_heads, spec.head_dim);
  weights.layers.reserve(spec.n_layers);
  for (std::size_t layer = 0; layer < spec.n_layers; ++layer) {
    PELLUCID_ASSIGN_OR_RETURN(LayerWeights w,
                              ReadLayer(loader, spec, weights, layer));
    weights.layers.push_back(std::move(w));
  }
  PELLUCID_ASSIGN_OR_RETURN(weights.final_norm,
                            loader.Vector("output_norm.weight", spec.d_model));
  weights.tied = !loader.HasTensor("output.weight");
  if (weights.tied) {
    weights.unembed = weights.embed;
  } else {
    PELLUCID_ASSIGN_OR_RETURN(
        weights.unembed,
        loader.Matrix("output.weight", spec.vocab_size, spec.d_model));
  }
  return weights;
}

}  // namespace

Result<LoadedModel> LlamaFromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  ArchSpec spec;
  spec.architecture = "llama";
  spec.modules = LlamaModules();
  PELLUCID_RETURN_IF_ERROR(CheckKeys(loader));
  PELLUCID_RETURN_IF_ERROR(ReadSizes(loader, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, "llama.attention.layer_norm_rms_epsilon", 1e-5));
  spec.attention_scale =
      static_cast<float>(1.0 / std::sqrt(static_cast<double>(spec.head_dim)));
  PELLUCID_ASSIGN_OR_RETURN(Weights weights, ReadWeights(loader, spec));
  PELLUCID_RETURN_IF_ERROR(ReadRope(loader, spec));
  PELLUCID_RETURN_IF_ERROR(loader.CheckAllTaken());

  spec.details.emplace_back("rms_norm_eps", fmt::format("{}", spec.norm_eps));
  spec.details.emplace_back("hidden_act", "silu");
  spec.details.emplace_back("tie_word_embeddings",
                            weights.tied ? "true" : "false");
  if (spec.window != 0) {
    spec.details.emplace_back("sliding_window", fmt::format("{}", spec.window));
  }
  return LoadedModel{std::move(spec), std::move(weights)};
}

}  // namespace pellucid::families
