// Llama from GGUF: general.architecture "llama". The converter interleaves the
// rotary halves of q and k rows, which is undone here, and stores Llama 3's
// scaling as one divisor a frequency.
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/quote.h"
#include "kernels/rope.h"
#include "model/families/gguf_keys.h"
#include "model/families/llama.h"
#include "model/family.h"
#include "model/gguf_loader.h"

namespace pellucid::families {
namespace {

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

constexpr LlamaTensors kTensors = {.attn_norm = "attn_norm",
                                   .query = "attn_q",
                                   .key = "attn_k",
                                   .value = "attn_v",
                                   .attn_out = "attn_output",
                                   .mlp_norm = "ffn_norm",
                                   .gate = "ffn_gate",
                                   .up = "ffn_up",
                                   .down = "ffn_down"};

Status CheckKeys(const GgufLoader& loader) {
  PELLUCID_RETURN_IF_ERROR(CheckKnownKeys(loader, "llama.", kKnownKeys));
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
  return {};
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
  PELLUCID_RETURN_IF_ERROR(
      CheckLlamaHeads(loader, "llama.attention.head_count", spec));
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
    DivideFrequencies(divisors, spec);
    spec.details.emplace_back("rope_scaling", "llama3 (rope_freqs.weight)");
  }
  return CheckFrequencies(loader, "llama.rope.freq_base or rope_freqs.weight",
                          spec);
}

Result<LayerWeights> ReadLayer(GgufLoader& loader, const ArchSpec& spec,
                               const Weights& weights, std::size_t layer) {
  PELLUCID_ASSIGN_OR_RETURN(
      LayerWeights w, ReadLlamaLayer(loader, fmt::format("blk.{}.", layer),
                                     kTensors, LlamaBiases{}, spec));
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
  Weights weights;
  PELLUCID_ASSIGN_OR_RETURN(weights.embed, ReadEmbedding(loader, spec));
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
                            loader.RmsNorm("output_norm", spec.d_model));
  PELLUCID_RETURN_IF_ERROR(ReadUnembedding(loader, spec, weights));
  return weights;
}

}  // namespace

Result<LoadedModel> LlamaFromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  ArchSpec spec;
  DescribeLlama(spec);
  PELLUCID_RETURN_IF_ERROR(CheckKeys(loader));
  PELLUCID_RETURN_IF_ERROR(ReadSizes(loader, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, "llama.attention.layer_norm_rms_epsilon", 1e-5));
  PELLUCID_ASSIGN_OR_RETURN(Weights weights, ReadWeights(loader, spec));
  PELLUCID_RETURN_IF_ERROR(ReadRope(loader, spec));
  PELLUCID_RETURN_IF_ERROR(loader.CheckAllTaken());
  FinishLlama(weights, "silu", spec);
  return LoadedModel{std::move(spec), std::move(weights)};
}

}  // namespace pellucid::families
