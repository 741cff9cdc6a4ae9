// What checkpoints say of mixtures of experts: how many there are, how many
// work on a token, and in which blocks.
#ifndef PELLUCID_MODEL_FAMILIES_EXPERTS_H_
#define PELLUCID_MODEL_FAMILIES_EXPERTS_H_

#include <array>
#include <cstddef>
#include <string_view>

#include "model/arch_spec.h"
#include "model/families/gguf_sizes.h"
#include "model/gguf_loader.h"
#include "model/hf_config.h"
#include "pellucid/result.h"

namespace pellucid::families {

// Where config.json is silent: what the family's class takes.
struct ExpertsDefaults {
  std::size_t n_experts = 0, n_active = 0, d_expert = 0;
};

// Qwen's keys: "num_experts", "num_experts_per_tok", "moe_intermediate_size",
// "norm_topk_prob"; blocks are dense where "mlp_only_layers" names them, or
// where their number from 1 is no multiple of "decoder_sparse_step". kModel.
Status ReadQwenExperts(HfModelConfig& config, const ExpertsDefaults& defaults,
                       ArchSpec& spec);

// The router and the experts below `mlp`, the name of the MLP in a block.
void AddExpertModules(std::string_view mlp, ModuleNames& names);

// Keys that ReadGgufExperts reads.
inline constexpr std::array<std::string_view, 5> kGgufExpertKeys = {
    "expert_count", "expert_feed_forward_length",
    "expert_shared_feed_forward_length", "expert_used_count",
    "expert_weights_norm"};

// ArchSpec::experts but for what all tokens see; blocks that hold a router have
// experts. `renormalise` where the header is silent. kModel.
Status ReadGgufExperts(const GgufLoader& loader, const GgufKeys& keys,
                       bool renormalise, ArchSpec& spec);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_EXPERTS_H_
