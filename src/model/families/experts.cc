#include "model/families/experts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "model/tensor_loader.h"

namespace pellucid::families {

Status ReadQwenExperts(HfModelConfig& config, const ExpertsDefaults& defaults,
                       ArchSpec& spec) {
  ExpertsSpec& experts = spec.experts;
  PELLUCID_ASSIGN_OR_RETURN(experts.n_experts,
                            config.Size({"num_experts", "num_local_experts"}, 0,
                                        kMaxSize, defaults.n_experts));
  PELLUCID_ASSIGN_OR_RETURN(
      experts.n_active,
      config.Size({"num_experts_per_tok"}, 0, kMaxSize, defaults.n_active));
  PELLUCID_ASSIGN_OR_RETURN(
      experts.d_expert,
      config.Size({"moe_intermediate_size"}, 1, kMaxSize, defaults.d_expert));
  PELLUCID_ASSIGN_OR_RETURN(experts.renormalise,
                            config.Bool({"norm_topk_prob"}, false));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t step,
      config.Size({"decoder_sparse_step"}, 1, kMaxSize, 1));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::int64_t> dense,
                            config.Integers({"mlp_only_layers"}));
  bool any = false;
  for (std::size_t i = 0; i < spec.n_layers; ++i) {
    const bool named =
        std::ranges::find(dense, static_cast<std::int64_t>(i)) != dense.end();
    spec.layers[i].has_experts =
        !named && experts.n_experts > 0 && (i + 1) % step == 0;
    any |= spec.layers[i].has_experts;
  }
  if (any && (experts.n_active == 0 || experts.n_active > experts.n_experts)) {
    return config.Problem("num_experts_per_tok",
                          fmt::format("is {} of {} experts; the file is "
                                      "damaged",
                                      experts.n_active, experts.n_experts));
  }
  return {};
}

void AddExpertModules(std::string_view mlp, ModuleNames& names) {
  names[Point::kRouter] = fmt::format("{}.gate", mlp);
  names[Point::kExperts] = fmt::format("{}.experts", mlp);
}

Status ReadGgufExperts(const GgufLoader& loader, const GgufKeys& keys,
                       bool renormalise, ArchSpec& spec) {
  ExpertsSpec& experts = spec.experts;
  PELLUCID_ASSIGN_OR_RETURN(experts.n_experts,
                            loader.Size(keys("expert_count"), 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(
      experts.n_active,
      loader.Size(keys("expert_used_count"), 1, experts.n_experts));
  PELLUCID_ASSIGN_OR_RETURN(
      experts.d_expert,
      loader.Size(keys("expert_feed_forward_length"), 1, kMaxSize, spec.d_mlp));
  PELLUCID_ASSIGN_OR_RETURN(
      experts.renormalise,
      loader.file().Bool(keys("expert_weights_norm"), renormalise));
  for (std::size_t i = 0; i < spec.n_layers; ++i) {
    spec.layers[i].has_experts =
        loader.HasTensor(fmt::format("blk.{}.ffn_gate_inp.weight", i));
  }
  return {};
}

}  // namespace pellucid::families
