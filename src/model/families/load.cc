#include "model/families/load.h"

#include <fmt/format.h>

#include <utility>

#include "model/families/hf_weights.h"

namespace pellucid::families {
namespace {

void NoteDetails(const Weights& weights, std::string_view activation,
                 ArchSpec& spec) {
  spec.details.emplace_back(
      spec.norm == NormKind::kRms ? "rms_norm_eps" : "layer_norm_eps",
      fmt::format("{}", spec.norm_eps));
  spec.details.emplace_back("hidden_act", activation);
  spec.details.emplace_back("tie_word_embeddings",
                            weights.tied ? "true" : "false");
  for (const LayerSpec& layer : spec.layers) {
    if (layer.window == 0) continue;
    spec.details.emplace_back("sliding_window",
                              fmt::format("{}", layer.window));
    return;
  }
}

}  // namespace

Result<LoadedModel> LoadHf(HfLoader& loader, const HfParts& parts,
                           ArchSpec spec) {
  PELLUCID_RETURN_IF_ERROR(loader.config().CheckAllKnown());
  PELLUCID_ASSIGN_OR_RETURN(Weights weights,
                            ReadHfWeights(loader, parts.rules, spec));
  if (parts.rope) {
    PELLUCID_ASSIGN_OR_RETURN(
        RopeSpec made, MakeHfRope(loader, *parts.rope, parts.pairs, spec));
    spec.ropes.push_back(std::move(made));
  }
  NoteDetails(weights, parts.activation, spec);
  return LoadedModel{std::move(spec), std::move(weights)};
}

Result<LoadedModel> LoadGguf(GgufLoader& loader, const GgufKeys& keys,
                             const GgufParts& parts, ArchSpec spec) {
  PELLUCID_ASSIGN_OR_RETURN(
      Weights weights, ReadGgufWeights(loader, parts.rules, spec, parts.names));
  if (parts.rotates) {
    PELLUCID_ASSIGN_OR_RETURN(RopeSpec made,
                              ReadGgufRope(loader, keys, *parts.rotates, spec));
    spec.ropes.push_back(std::move(made));
  }
  PELLUCID_RETURN_IF_ERROR(loader.CheckAllTaken());
  NoteDetails(weights, parts.activation, spec);
  return LoadedModel{std::move(spec), std::move(weights)};
}

std::size_t MlpWidth(const GgufLoader& loader, std::size_t fallback) {
  const GgufTensor* up = loader.file().FindTensor("blk.0.ffn_up.weight");
  if (up == nullptr || up->shape.size() != 2 || up->shape[0] == 0 ||
      up->shape[0] > kMaxSize) {
    return fallback;
  }
  return up->shape[0];
}

Status CheckWholeRope(const HfModelConfig& config, const HfRope& rope) {
  if (rope.partial == 1) return {};
  return config.Problem(
      config.SpellingOf({"partial_rotary_factor", "rotary_pct"}),
      fmt::format("is {}: unsupported; models of this kind rotate whole heads",
                  rope.partial));
}

}  // namespace pellucid::families
