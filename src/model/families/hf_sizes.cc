#include "model/families/hf_sizes.h"

#include <fmt/format.h>

#include <cmath>

#include "model/tensor_loader.h"

namespace pellucid::families {

Status ReadHfSizes(HfModelConfig& config, const HfSizeDefaults& defaults,
                   ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(
      spec.vocab_size,
      config.Size({"vocab_size"}, 1, kMaxSize, defaults.vocab_size));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_model,
      config.Size({"hidden_size", "n_embd"}, 1, kMaxSize, defaults.d_model));
  PELLUCID_ASSIGN_OR_RETURN(spec.n_layers,
                            config.Size({"num_hidden_layers", "n_layer"}, 1,
                                        kMaxLayers, defaults.n_layers));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_heads, config.Size({"num_attention_heads", "n_head"}, 1, kMaxSize,
                                defaults.n_heads));
  // null: as many as there are heads, whatever the class's own number.
  const std::size_t kv_heads = config.IsNull({"num_key_value_heads"})
                                   ? spec.n_heads
                                   : defaults.n_kv_heads.value_or(spec.n_heads);
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_kv_heads,
      config.Size({"num_key_value_heads"}, 1, kMaxSize, kv_heads));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.context_length,
      config.Size({"max_position_embeddings", "n_positions"}, 1, kMaxSize,
                  defaults.context));
  if (!config.Has({"head_dim"}) && !defaults.head_dim &&
      spec.d_model % spec.n_heads != 0) {
    return config.Problem("hidden_size",
                          fmt::format("is {}, no multiple of the {} heads, and "
                                      "there is no head_dim",
                                      spec.d_model, spec.n_heads));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      spec.head_dim,
      config.Size({"head_dim"}, 1, kMaxSize,
                  defaults.head_dim.value_or(spec.d_model / spec.n_heads)));
  PELLUCID_RETURN_IF_ERROR(CheckHeads(config, spec));
  MakeLayers(InverseRoot(static_cast<double>(spec.head_dim)), spec);
  return {};
}

Status CheckHeads(const HfModelConfig& config, const ArchSpec& spec) {
  if (spec.head_dim == 0 || spec.n_heads % spec.n_kv_heads != 0) {
    return config.Problem(
        config.SpellingOf({"num_attention_heads", "n_head"}),
        fmt::format("is {}, no multiple of the {} key-value heads, or more "
                    "than the {} features",
                    spec.n_heads, spec.n_kv_heads, spec.d_model));
  }
  // Heads come as rows of projections, whose shapes are checked against the
  // file; this only keeps the product from overflowing.
  if (spec.n_heads > kMaxSize / spec.head_dim) {
    return config.Problem(config.SpellingOf({"num_attention_heads", "n_head"}),
                          fmt::format("{} heads of {} are too large",
                                      spec.n_heads, spec.head_dim));
  }
  return {};
}

void MakeLayers(float attention_scale, ArchSpec& spec) {
  spec.layers.assign(spec.n_layers, LayerSpec{attention_scale, 0, 0, false});
}

float InverseRoot(double width) {
  return static_cast<float>(1.0 / std::sqrt(width));
}

}  // namespace pellucid::families
