#include "pellucid/steer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/principal.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/model_impl.h"

namespace pellucid {
namespace {

// Prompts run together.
constexpr std::size_t kBatchTokens = 512;

class Maker {
 public:
  Maker(const Model& model, std::span<const ContrastPair> pairs,
        const SteeringOptions& options)
      : model_(model),
        impl_(model.impl()),
        pairs_(pairs),
        options_(options),
        width_(impl_.spec.d_model) {}

  Result<std::vector<SteeringVector>> Make();

 private:
  Status Check();
  Status RunPairs(std::size_t first, std::size_t end);
  // Adds sign times what stands for a prompt to the difference of a pair.
  Status Add(const Trace& trace, std::size_t pair, double sign);
  Result<std::vector<float>> VectorOf(std::span<const double> rows) const;

  const Model& model_;
  const Model::Impl& impl_;
  std::span<const ContrastPair> pairs_;
  const SteeringOptions& options_;
  const std::size_t width_;
  std::vector<std::size_t> layers_;
  std::vector<std::string> sites_;                // of layers_
  std::vector<std::vector<double>> differences_;  // by layer, [pairs, width]
};

Status Maker::Check() {
  if (pairs_.empty()) {
    return UsageError("steer: pairs: there are none; give at least one");
  }
  PELLUCID_ASSIGN_OR_RETURN(layers_,
                            options_.layers.Resolve(impl_.spec.n_layers));
  for (const std::size_t layer : layers_) {
    sites_.push_back(impl_.table.NameOf({Point::kResidPost, layer}));
  }
  differences_.assign(layers_.size(),
                      std::vector<double>(pairs_.size() * width_));
  return {};
}

Result<std::vector<SteeringVector>> Maker::Make() {
  const FloatEnvironment environment;
  PELLUCID_RETURN_IF_ERROR(Check());
  std::size_t first = 0, tokens = 0;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    tokens += pairs_[i].plus.size() + pairs_[i].minus.size();
    if (tokens < kBatchTokens && i + 1 < pairs_.size()) continue;
    PELLUCID_RETURN_IF_ERROR(RunPairs(first, i + 1));
    first = i + 1;
    tokens = 0;
    if (options_.progress) {
      options_.progress(static_cast<double>(first) /
                        static_cast<double>(pairs_.size()));
    }
  }
  std::vector<SteeringVector> out;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    PELLUCID_ASSIGN_OR_RETURN(std::vector<float> values,
                              VectorOf(differences_[l]));
    out.push_back({layers_[l], sites_[l], std::move(values)});
  }
  return out;
}

Status Maker::RunPairs(std::size_t first, std::size_t end) {
  std::vector<std::vector<TokenId>> prompts;
  for (std::size_t i = first; i < end; ++i) {
    prompts.push_back(pairs_[i].plus);
    prompts.push_back(pairs_[i].minus);
  }
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<Trace> traces,
      model_.RunBatch(prompts, {.sites = sites_, .stop = options_.stop}));
  for (std::size_t i = 0; i < traces.size(); ++i) {
    PELLUCID_RETURN_IF_ERROR(
        Add(traces[i], first + i / 2, i % 2 == 0 ? 1 : -1));
  }
  return {};
}

Status Maker::Add(const Trace& trace, std::size_t pair, double sign) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> positions,
                            options_.positions.Resolve(trace.ids.size()));
  const double share = sign / static_cast<double>(positions.size());
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Tensor& states = trace.sites.find(sites_[l])->second;
    const std::span<double> to =
        std::span(differences_[l]).subspan(pair * width_, width_);
    for (const std::size_t position : positions) {
      const std::span<const float> state = states.Row(position);
      for (std::size_t i = 0; i < width_; ++i) {
        to[i] += share * static_cast<double>(state[i]);
      }
    }
  }
  return {};
}

Result<std::vector<float>> Maker::VectorOf(std::span<const double> rows) const {
  std::vector<double> mean(width_);
  for (std::size_t r = 0; r < pairs_.size(); ++r) {
    for (std::size_t i = 0; i < width_; ++i) mean[i] += rows[r * width_ + i];
  }
  for (double& x : mean) x /= static_cast<double>(pairs_.size());
  if (std::ranges::all_of(mean, [](double x) { return x == 0; }) &&
      options_.method == SteeringMethod::kMean) {
    return UsageError(
        "steer: pairs: their differences add up to zero; give "
        "texts that differ");
  }
  std::vector<double> vector = std::move(mean);
  if (options_.method == SteeringMethod::kPca) {
    PELLUCID_ASSIGN_OR_RETURN(const Principal found,
                              FirstPrincipal(rows, width_));
    double along = 0;
    for (std::size_t i = 0; i < width_; ++i) {
      along += vector[i] * found.direction[i];
    }
    const double length = std::sqrt(found.mean_square);
    for (std::size_t i = 0; i < width_; ++i) {
      vector[i] = (along < 0 ? -length : length) * found.direction[i];
    }
  }
  std::vector<float> out(width_);
  std::ranges::transform(vector, out.begin(),
                         [](double x) { return static_cast<float>(x); });
  return out;
}

}  // namespace

Result<std::vector<SteeringVector>> MakeSteering(
    const Model& model, std::span<const ContrastPair> pairs,
    const SteeringOptions& options) {
  return CatchOutOfMemory("steer",
                          [&] { return Maker(model, pairs, options).Make(); });
}

std::vector<Edit> SteeringEdits(std::span<const SteeringVector> vectors,
                                float scale,
                                const std::vector<std::size_t>& prompts) {
  std::vector<Edit> edits;
  for (const SteeringVector& vector : vectors) {
    Edit& edit = edits.emplace_back();
    edit.site = vector.site;
    edit.kind = EditKind::kAdd;
    edit.scope.prompts = prompts;
    edit.factor = scale;
    edit.values = Tensor({1, vector.values.size()});
    edit.values.data = vector.values;
  }
  return edits;
}

}  // namespace pellucid
