// The sizes that nearly every config.json states, in the spellings of many
// families, and what they must agree on.
#ifndef PELLUCID_MODEL_FAMILIES_HF_SIZES_H_
#define PELLUCID_MODEL_FAMILIES_HF_SIZES_H_

#include <cstddef>
#include <optional>

#include "model/arch_spec.h"
#include "model/hf_config.h"
#include "pellucid/result.h"

namespace pellucid::families {

// What a family's class takes where a key is absent; nothing: the key must be
// there.
struct HfSizeDefaults {
  std::optional<std::size_t> vocab_size, d_model, n_layers, n_heads;
  std::optional<std::size_t> n_kv_heads;  // nothing: n_heads
  std::optional<std::size_t> head_dim;    // nothing: d_model / n_heads
  std::optional<std::size_t> context = 2048;
};

// vocab_size, hidden_size, num_hidden_layers, num_attention_heads,
// num_key_value_heads, head_dim, max_position_embeddings and their older
// spellings; then CheckHeads, and one LayerSpec a layer with the scale 1 /
// sqrt(head_dim). The MLP's width differs too much between families.
Status ReadHfSizes(HfModelConfig& config, const HfSizeDefaults& defaults,
                   ArchSpec& spec);

// kModel: heads that do not share out, or that are too large for any product of
// sizes. Call before anything of their size is allocated.
Status CheckHeads(const HfModelConfig& config, const ArchSpec& spec);

// Makes ArchSpec::layers, each with this scale and no window.
void MakeLayers(float attention_scale, ArchSpec& spec);

// 1 / sqrt(width), rounded once.
float InverseRoot(double width);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_HF_SIZES_H_
