// The sizes that nearly every GGUF header states below "ARCHITECTURE.", and
// what it says of rotary positions.
#ifndef PELLUCID_MODEL_FAMILIES_GGUF_SIZES_H_
#define PELLUCID_MODEL_FAMILIES_GGUF_SIZES_H_

#include <string>
#include <string_view>

#include "model/arch_spec.h"
#include "model/gguf_loader.h"
#include "pellucid/result.h"

namespace pellucid::families {

// Keys of one architecture: "llama" gives "llama.block_count".
class GgufKeys {
 public:
  explicit GgufKeys(std::string_view architecture)
      : prefix_(std::string(architecture) + ".") {}

  const std::string& prefix() const { return prefix_; }
  std::string operator()(std::string_view key) const {
    return prefix_ + std::string(key);
  }

 private:
  std::string prefix_;
};

// The keys that the functions below read, for CheckKnownKeys: families add
// their own.
inline constexpr std::string_view kGgufSizeKeys[] = {
    "attention.causal",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.layer_norm_epsilon",
    "attention.layer_norm_rms_epsilon",
    "attention.value_length",
    "block_count",
    "context_length",
    "embedding_length",
    "feed_forward_length",
    "vocab_size",
};
inline constexpr std::string_view kGgufRopeKeys[] = {
    "rope.dimension_count",
    "rope.freq_base",
    "rope.scale_linear",
    "rope.scaling.attn_factor",
    "rope.scaling.factor",
    "rope.scaling.finetuned",
    "rope.scaling.original_context_length",
    "rope.scaling.type",
    "rope.scaling.yarn_attn_factor",
    "rope.scaling.yarn_beta_fast",
    "rope.scaling.yarn_beta_slow",
    "rope.scaling.yarn_ext_factor",
    "rope.scaling.yarn_log_multiplier",
};

// kModel: a key below the architecture's prefix that is in none of the lists.
Status CheckKnownKeys(const GgufLoader& loader, const GgufKeys& keys,
                      std::span<const std::string_view> own,
                      bool with_rope = true);

// Sizes, heads and ArchSpec::layers, each with the scale 1 / sqrt(head_dim);
// vocab_size comes with the embedding. kModel: missing, out of range, or heads
// that do not share out.
Status ReadGgufSizes(const GgufLoader& loader, const GgufKeys& keys,
                     ArchSpec& spec);

// The rotary embedding: rope.* keys, and the tensors rope_freqs,
// rope_factors_long and rope_factors_short. Call when shapes have shown that
// sizes are no lies. `pairs` is what the architecture rotates, after rows were
// put in order. kModel.
Result<RopeSpec> ReadGgufRope(GgufLoader& loader, const GgufKeys& keys,
                              kernels::RopePairs pairs, ArchSpec& spec);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_GGUF_SIZES_H_
