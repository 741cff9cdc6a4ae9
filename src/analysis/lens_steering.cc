// Directions of a lens for a token (pellucid/steer.h): rows of the unembedding,
// pulled back through the final norm and a block's map.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/attribution_head.h"
#include "analysis/lens_translation.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/model_impl.h"
#include "pellucid/steer.h"

namespace pellucid {
namespace {

// The direction of the final state along which the token's logit, less the
// foil's, grows: that of a state whose features do not add up to anything,
// since the norm's scale is a factor that the length takes out again.
std::vector<double> FinalDirection(const Model::Impl& model, TokenId token,
                                   std::optional<TokenId> foil) {
  std::vector<float> state(model.spec.d_model, 1.0f);
  for (std::size_t i = 1; i < state.size(); i += 2) state[i] = -1;
  return TakeHeadApart(model.context(), state, token, foil).direction;
}

// M^T g of the map of a block; null: the block's output is read as it is.
std::vector<double> PullThrough(const TrainedLens* lens,
                                const LensTranslator* map,
                                const std::vector<double>& direction) {
  if (map == nullptr) return direction;
  std::vector<double> out(direction.size());
  if (lens->kind == LensKind::kTuned) out = direction;
  for (std::size_t i = 0; i < direction.size(); ++i) {
    const std::span<const float> row = map->weight.Row(i);
    for (std::size_t j = 0; j < row.size(); ++j) {
      out[j] += direction[i] * static_cast<double>(row[j]);
    }
  }
  return out;
}

// kUsage: the lens has no map for a block that needs one.
Result<const LensTranslator*> MapOf(const TrainedLens* lens,
                                    const std::string& site, bool is_last) {
  const LensTranslator* map = nullptr;
  if (lens == nullptr || is_last) return map;
  const auto found =
      std::ranges::find(lens->translators, site, &LensTranslator::site);
  if (found != lens->translators.end()) return &*found;
  return UsageError(
      fmt::format("steer: lens {}: has no map for {}; choose other layers",
                  lens->ref, site));
}

Status CheckTokens(const Model::Impl& model, TokenId token,
                   std::optional<TokenId> foil) {
  for (const TokenId id : {token, foil.value_or(token)}) {
    if (id >= 0 && static_cast<std::size_t>(id) < model.spec.vocab_size) {
      continue;
    }
    return UsageError(fmt::format(
        "steer: token {}: is not within the vocabulary; choose one of 0 to {}",
        id, model.spec.vocab_size - 1));
  }
  if (token != foil) return {};
  return UsageError(
      fmt::format("steer: token {}: is its own foil; choose another", token));
}

Result<std::vector<SteeringVector>> Make(const Model::Impl& model,
                                         const TrainedLens* lens, TokenId token,
                                         std::optional<TokenId> foil,
                                         const Selection& layers) {
  PELLUCID_RETURN_IF_ERROR(CheckTokens(model, token, foil));
  if (lens != nullptr) {
    PELLUCID_RETURN_IF_ERROR(CheckTrainedLens(*lens, model.table, lens->ref));
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> chosen,
                            layers.Resolve(model.spec.n_layers));
  const std::vector<double> direction = FinalDirection(model, token, foil);
  std::vector<SteeringVector> out;
  for (const std::size_t layer : chosen) {
    SteeringVector vector{
        layer, model.table.NameOf({Point::kResidPost, layer}), {}};
    PELLUCID_ASSIGN_OR_RETURN(
        const LensTranslator* map,
        MapOf(lens, vector.site, layer + 1 == model.spec.n_layers));
    const std::vector<double> values = PullThrough(lens, map, direction);
    double squares = 0;
    for (const double x : values) squares += x * x;
    const double length = std::sqrt(squares);
    if (!(length > 0)) {
      return UsageError(fmt::format(
          "steer: token {}: has no direction behind block {}; choose another",
          token, layer));
    }
    for (const double x : values) {
      vector.values.push_back(static_cast<float>(x / length));
    }
    out.push_back(std::move(vector));
  }
  return out;
}

}  // namespace

Result<std::vector<SteeringVector>> LensSteering(const Model& model,
                                                 const TrainedLens* lens,
                                                 TokenId token,
                                                 std::optional<TokenId> foil,
                                                 const Selection& layers) {
  return CatchOutOfMemory("steer", [&] {
    const FloatEnvironment environment;
    return Make(model.impl(), lens, token, foil, layers);
  });
}

}  // namespace pellucid
