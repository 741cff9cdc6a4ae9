#include "model/families/llama.h"

#include <fmt/format.h>

#include <cassert>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>

namespace pellucid::families {
namespace {

// Radians a position. The first frequency of any scheme is 1 or near it.
constexpr float kMaxFrequency = 1024;

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

}  // namespace

void DescribeLlama(ArchSpec& spec) {
  spec.architecture = "llama";
  spec.modules = LlamaModules();
  spec.norm = NormKind::kRms;
}

Status CheckLlamaHeads(const TensorLoader& loader, std::string_view heads_key,
                       const ArchSpec& spec) {
  if (spec.n_heads % spec.n_kv_heads != 0) {
    return loader.Problem(
        heads_key, fmt::format("is {}, no multiple of the {} key-value heads",
                               spec.n_heads, spec.n_kv_heads));
  }
  if (spec.head_dim % 2 != 0) {
    return loader.Problem(
        heads_key, fmt::format("head size {}: rotary positions need an even "
                               "one; the file is damaged",
                               spec.head_dim));
  }
  // Heads come as rows of projections, whose shapes are checked against the
  // file; this only keeps the product from overflowing.
  if (spec.n_heads > kMaxSize / spec.head_dim) {
    return loader.Problem(heads_key, fmt::format("{} heads of {} are too large",
                                                 spec.n_heads, spec.head_dim));
  }
  return {};
}

Result<LayerWeights> ReadLlamaLayer(TensorLoader& loader,
                                    const std::string& prefix,
                                    const LlamaTensors& names,
                                    const LlamaBiases& biases,
                                    const ArchSpec& spec) {
  const std::size_t d = spec.d_model;
  const auto full = [&prefix](std::string_view name) {
    return prefix + std::string(name);
  };
  const auto attention = [&](std::string_view name, std::size_t rows,
                             std::size_t cols) {
    return loader.Linear(full(name), rows, cols, biases.attention);
  };
  const auto mlp = [&](std::string_view name, std::size_t rows,
                       std::size_t cols) {
    return loader.Linear(full(name), rows, cols, biases.mlp);
  };
  LayerWeights w;
  PELLUCID_ASSIGN_OR_RETURN(w.attn_norm,
                            loader.RmsNorm(full(names.attn_norm), d));
  PELLUCID_ASSIGN_OR_RETURN(w.query,
                            attention(names.query, spec.QueryWidth(), d));
  PELLUCID_ASSIGN_OR_RETURN(w.key, attention(names.key, spec.KeyWidth(), d));
  PELLUCID_ASSIGN_OR_RETURN(w.value,
                            attention(names.value, spec.KeyWidth(), d));
  PELLUCID_ASSIGN_OR_RETURN(w.attn_out,
                            attention(names.attn_out, d, spec.QueryWidth()));
  PELLUCID_ASSIGN_OR_RETURN(w.mlp_norm,
                            loader.RmsNorm(full(names.mlp_norm), d));
  PELLUCID_ASSIGN_OR_RETURN(w.gate, mlp(names.gate, spec.d_mlp, d));
  PELLUCID_ASSIGN_OR_RETURN(w.up, mlp(names.up, spec.d_mlp, d));
  PELLUCID_ASSIGN_OR_RETURN(w.down, mlp(names.down, d, spec.d_mlp));
  return w;
}

std::vector<float> Llama3Divisors(std::span<const float> inv_freq,
                                  const Llama3Scaling& scaling) {
  constexpr auto kTurn = static_cast<float>(2 * std::numbers::pi);
  const float longest = scaling.original_context / scaling.low_freq_factor;
  const float shortest = scaling.original_context / scaling.high_freq_factor;
  std::vector<float> divisors;
  divisors.reserve(inv_freq.size());
  for (const float frequency : inv_freq) {
    const float wavelength = 1 / frequency * kTurn;
    if (wavelength < shortest) {
      divisors.push_back(1);
    } else if (wavelength > longest) {
      divisors.push_back(scaling.factor);
    } else {
      const float smooth = (1 / wavelength * scaling.original_context -
                            scaling.low_freq_factor) /
                           (scaling.high_freq_factor - scaling.low_freq_factor);
      divisors.push_back(1 / ((1 - smooth) / scaling.factor + smooth));
    }
  }
  return divisors;
}

void DivideFrequencies(std::span<const float> divisors, ArchSpec& spec) {
  assert(divisors.size() == spec.inv_freq.size());
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    spec.inv_freq[i] /= divisors[i];
  }
}

Status CheckFrequencies(const TensorLoader& loader, std::string_view keys,
                        const ArchSpec& spec) {
  for (const float f : spec.inv_freq) {
    if (!(f > 0) || f > kMaxFrequency) {
      return loader.Problem(
          "rotary frequencies",
          fmt::format("one is {}, which is not within 0 and {}; {} is damaged",
                      f, kMaxFrequency, keys));
    }
  }
  return {};
}

void FinishLlama(const Weights& weights, std::string_view activation,
                 ArchSpec& spec) {
  spec.attention_scale.assign(
      spec.n_layers,
      static_cast<float>(1.0 / std::sqrt(static_cast<double>(spec.head_dim))));
  spec.details.emplace_back("rms_norm_eps", fmt::format("{}", spec.norm_eps));
  spec.details.emplace_back("hidden_act", activation);
  spec.details.emplace_back("tie_word_embeddings",
                            weights.tied ? "true" : "false");
  if (spec.window != 0) {
    spec.details.emplace_back("sliding_window", fmt::format("{}", spec.window));
  }
}

}  // namespace pellucid::families
