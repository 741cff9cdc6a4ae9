// Fitting a Jacobian lens (pellucid/jacobian_lens.h) by the adjoint of the run
// (model/backward.h), and applying one by its tangent (model/tangent.h).
#include "pellucid/jacobian_lens.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "analysis/lens_progress.h"
#include "analysis/tune_checkpoint.h"
#include "base/buffer.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/backward.h"
#include "model/model_impl.h"
#include "model/recorded_run.h"
#include "model/tangent.h"
#include "trace/editor.h"
#include "trace/probe.h"

namespace pellucid {
namespace {

// Sums over prompts of one map's entries and of their squares, [d, d].
struct MapSums {
  std::vector<double> sum, squares;
};

// Means of gradients over source positions: a prompt's rows of all maps.
class GradientMeans : public Probe {
 public:
  // `maps`: blocks 0 .. maps - 1. Positions [skip_first, tokens) count.
  GradientMeans(std::size_t maps, std::size_t d, std::size_t tokens,
                std::size_t skip_first)
      : maps_(maps),
        d_(d),
        tokens_(tokens),
        skip_first_(skip_first),
        rows_(maps * d * d) {}

  // The features of the copies to come: [first, first + count).
  void Expect(std::size_t first, std::size_t count) {
    first_ = first;
    count_ = count;
  }

  bool Wants(SiteKey key) const override {
    return key.point == Point::kResidPost && key.layer < maps_;
  }

  void Visit(SiteKey key, ConstMatrixView gradient) override {
    const auto sources = static_cast<double>(tokens_ - skip_first_);
    for (std::size_t c = 0; c < count_; ++c) {
      double* row = Row(key.layer, first_ + c);
      for (std::size_t t = skip_first_; t < tokens_; ++t) {
        const float* from = gradient.Row(c * tokens_ + t);
        for (std::size_t j = 0; j < d_; ++j) {
          row[j] += static_cast<double>(from[j]);
        }
      }
      for (std::size_t j = 0; j < d_; ++j) row[j] /= sources;
    }
  }

  void VisitAttention(SiteKey, std::size_t, std::size_t, std::size_t,
                      ConstMatrixView) override {}

  // Row `feature` of the map of block `map`.
  double* Row(std::size_t map, std::size_t feature) {
    return rows_.data() + (map * d_ + feature) * d_;
  }

 private:
  std::size_t maps_, d_, tokens_, skip_first_;
  std::size_t first_ = 0, count_ = 0;
  std::vector<double> rows_;  // [maps, d, d]
};

Status CheckPrompts(const Model::Impl& model,
                    std::span<const std::vector<TokenId>> prompts,
                    const JacobianOptions& options) {
  if (prompts.empty()) {
    return UsageError("jacobian lens: there are no prompts; give some text");
  }
  if (options.copies == 0 || model.spec.n_layers < 2) {
    return UsageError(
        "jacobian lens: copies must be 1 or more, and the model have two "
        "blocks at least");
  }
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    if (prompts[p].size() > options.skip_first) continue;
    return UsageError(
        fmt::format("jacobian lens: prompt {}: has {} tokens, of which {} are "
                    "skipped; give "
                    "longer ones",
                    p, prompts[p].size(), options.skip_first));
  }
  return model.CheckPrompts(prompts);
}

class Fit {
 public:
  Fit(const Model::Impl& model, std::span<const std::vector<TokenId>> prompts,
      const JacobianOptions& options)
      : model_(model),
        prompts_(prompts),
        options_(options),
        checkpoint_(
            {.path = options.checkpoint,
             .resume = options.resume,
             .seconds = options.checkpoint_seconds},
            fmt::format("jacobian {} {}", model.info.hash, options.skip_first),
            prompts),
        maps_(model.spec.n_layers - 1),
        d_(model.spec.d_model) {}

  Result<JacobianFit> Run();

 private:
  Status AddPrompt(const std::vector<TokenId>& ids, const Progress& progress);
  std::vector<double> Errors() const;
  JacobianFit Finish() const;
  Result<std::size_t> Restore();
  Status Save();

  const Model::Impl& model_;
  std::span<const std::vector<TokenId>> prompts_;
  const JacobianOptions& options_;
  TuneCheckpoint checkpoint_;
  std::size_t maps_, d_;
  std::size_t done_ = 0;  // prompts
  std::vector<MapSums> sums_;
};

Result<JacobianFit> Fit::Run() {
  PELLUCID_RETURN_IF_ERROR(CheckPrompts(model_, prompts_, options_));
  sums_.assign(maps_,
               {std::vector<double>(d_ * d_), std::vector<double>(d_ * d_)});
  StagedProgress progress(options_.progress,
                          static_cast<double>(prompts_.size()));
  PELLUCID_ASSIGN_OR_RETURN(done_, Restore());
  progress.Next(static_cast<double>(done_));
  while (done_ < prompts_.size()) {
    PELLUCID_RETURN_IF_ERROR(AddPrompt(prompts_[done_], progress.Next(1)));
    ++done_;
    if (options_.report) {
      options_.report(done_, done_ < 2 ? std::vector<double>() : Errors());
    }
    if (checkpoint_.Due() && done_ < prompts_.size()) {
      PELLUCID_RETURN_IF_ERROR(Save());
    }
  }
  return Finish();
}

Status Fit::AddPrompt(const std::vector<TokenId>& ids,
                      const Progress& progress) {
  const std::size_t tokens = ids.size();
  PELLUCID_ASSIGN_OR_RETURN(
      const RecordedRun run,
      RecordedRun::Make(model_.context(), Pack(std::span(&ids, 1)),
                        {.stop = options_.stop}));
  GradientMeans means(maps_, d_, tokens, options_.skip_first);
  for (std::size_t first = 0; first < d_; first += options_.copies) {
    const std::size_t count = std::min(options_.copies, d_ - first);
    Buffer cotangent(count * tokens, d_);
    std::fill_n(cotangent.view().data, count * tokens * d_, 0.0f);
    for (std::size_t c = 0; c < count; ++c) {
      for (std::size_t t = options_.skip_first; t < tokens; ++t) {
        cotangent.view().Row(c * tokens + t)[first + c] = 1;
      }
    }
    means.Expect(first, count);
    PELLUCID_RETURN_IF_ERROR(
        RunBackward(run, cotangent.view(),
                    {.copies = count, .probe = &means, .stop = options_.stop}));
    if (progress) {
      progress(static_cast<double>(first + count) / static_cast<double>(d_));
    }
  }
  model_.pool.For(maps_, [&](std::size_t map) {
    const double* rows = means.Row(map, 0);
    for (std::size_t i = 0; i < d_ * d_; ++i) {
      sums_[map].sum[i] += rows[i];
      sums_[map].squares[i] += rows[i] * rows[i];
    }
  });
  return {};
}

// The standard error of a mean of n is the deviation over the root of n, the
// deviation that of n - 1 degrees of freedom.
std::vector<double> Fit::Errors() const {
  const auto n = static_cast<double>(done_);
  std::vector<double> out;
  for (const MapSums& sums : sums_) {
    double variance = 0, norm = 0;
    for (std::size_t i = 0; i < d_ * d_; ++i) {
      const double mean = sums.sum[i] / n;
      norm += mean * mean;
      variance += std::max(0.0, sums.squares[i] / n - mean * mean);
    }
    out.push_back(std::sqrt(variance / (n - 1) / norm));
  }
  return out;
}

JacobianFit Fit::Finish() const {
  JacobianFit fit{.lens = {.kind = LensKind::kJacobian},
                  .standard_error = Errors()};
  std::size_t tokens = 0;
  for (const auto& prompt : prompts_) tokens += prompt.size();
  const auto n = static_cast<double>(done_);
  fit.lens.record = {
      {"fit.method", "jacobian"},
      {"fit.prompts", fmt::format("{}", prompts_.size())},
      {"fit.tokens", fmt::format("{}", tokens)},
      {"fit.skip_first", fmt::format("{}", options_.skip_first)}};
  for (std::size_t map = 0; map < maps_; ++map) {
    LensTranslator translator{
        .site = model_.table.NameOf({Point::kResidPost, map}),
        .weight = Tensor({d_, d_})};
    for (std::size_t i = 0; i < d_ * d_; ++i) {
      translator.weight.data[i] = static_cast<float>(sums_[map].sum[i] / n);
    }
    if (done_ > 1) {
      fit.lens.record.emplace_back(
          "fit.standard_error." + translator.site,
          fmt::format("{:.4g}", fit.standard_error[map]));
    }
    fit.lens.translators.push_back(std::move(translator));
  }
  return fit;
}

// Goes on from a checkpoint, if there is one; how many prompts it has.
Result<std::size_t> Fit::Restore() {
  PELLUCID_ASSIGN_OR_RETURN(std::optional<TuneState> saved, checkpoint_.Read());
  if (!saved) return std::size_t{0};
  bool whole = saved->counts["prompts"] <= prompts_.size();
  for (std::size_t map = 0; map < maps_; ++map) {
    sums_[map].sum = std::move(saved->doubles[fmt::format("sum.{}", map)]);
    sums_[map].squares =
        std::move(saved->doubles[fmt::format("squares.{}", map)]);
    whole = whole && sums_[map].sum.size() == d_ * d_ &&
            sums_[map].squares.size() == d_ * d_;
  }
  if (!whole) {
    return ModelError(
        "jacobian lens: the checkpoint does not fit the fit; begin anew");
  }
  return static_cast<std::size_t>(saved->counts["prompts"]);
}

Status Fit::Save() {
  TuneState state;
  state.counts["prompts"] = done_;
  for (std::size_t map = 0; map < maps_; ++map) {
    state.doubles[fmt::format("sum.{}", map)] = sums_[map].sum;
    state.doubles[fmt::format("squares.{}", map)] = sums_[map].squares;
  }
  return checkpoint_.Write(state);
}

// Adds one vector a copy to a block's output at all source positions.
class PlantVectors : public Editor {
 public:
  PlantVectors(std::size_t layer, const Tensor& vectors, std::size_t tokens,
               std::size_t skip_first)
      : layer_(layer),
        vectors_(vectors),
        tokens_(tokens),
        skip_first_(skip_first) {}

  // The vectors of the copies to come: from `first` on.
  void Expect(std::size_t first) { first_ = first; }

  bool Edits(SiteKey key) const override {
    return key.point == Point::kResidPost && key.layer == layer_;
  }

  void Edit(SiteKey, MatrixView tangent) override {
    for (std::size_t row = 0; row < tangent.rows; ++row) {
      if (row % tokens_ < skip_first_) continue;
      const std::span<const float> vector =
          vectors_.Row(first_ + row / tokens_);
      for (std::size_t j = 0; j < vector.size(); ++j) {
        tangent.Row(row)[j] += vector[j];
      }
    }
  }

  void EditAttention(SiteKey, std::size_t, std::size_t, std::size_t,
                     MatrixView) override {}

 private:
  std::size_t layer_;
  const Tensor& vectors_;
  std::size_t tokens_, skip_first_;
  std::size_t first_ = 0;
};

// What one prompt makes of the vectors, added to `sums` [n, d].
Status AddTangents(const Model::Impl& model, const std::vector<TokenId>& ids,
                   std::size_t layer, const Tensor& vectors,
                   const JacobianOptions& options, std::vector<double>* sums) {
  const std::size_t tokens = ids.size(), d = model.spec.d_model;
  const auto sources = static_cast<double>(tokens - options.skip_first);
  PELLUCID_ASSIGN_OR_RETURN(
      const RecordedRun run,
      RecordedRun::Make(model.context(), Pack(std::span(&ids, 1)),
                        {.stop = options.stop}));
  PlantVectors plant(layer, vectors, tokens, options.skip_first);
  const std::size_t n = vectors.shape[0];
  for (std::size_t first = 0; first < n; first += options.copies) {
    const std::size_t count = std::min(options.copies, n - first);
    plant.Expect(first);
    PELLUCID_ASSIGN_OR_RETURN(
        const Buffer tangent,
        RunTangent(run,
                   {.copies = count, .given = &plant, .stop = options.stop}));
    for (std::size_t c = 0; c < count; ++c) {
      double* sum = sums->data() + (first + c) * d;
      for (std::size_t t = options.skip_first; t < tokens; ++t) {
        const float* row = tangent.view().Row(c * tokens + t);
        for (std::size_t j = 0; j < d; ++j) {
          sum[j] += static_cast<double>(row[j]) / sources;
        }
      }
    }
  }
  return {};
}

Result<Tensor> Apply(const Model::Impl& model,
                     std::span<const std::vector<TokenId>> prompts,
                     std::size_t layer, const Tensor& vectors,
                     const JacobianOptions& options) {
  PELLUCID_RETURN_IF_ERROR(CheckPrompts(model, prompts, options));
  const std::size_t d = model.spec.d_model;
  if (layer >= model.spec.n_layers || vectors.shape.size() != 2 ||
      vectors.shape[1] != d) {
    return UsageError(fmt::format(
        "jacobian lens: layer {}: the model has {}, and vectors must be [n, "
        "{}]; choose others",
        layer, model.spec.n_layers, d));
  }
  std::vector<double> sums(vectors.data.size());
  StagedProgress progress(options.progress,
                          static_cast<double>(prompts.size()));
  for (const std::vector<TokenId>& prompt : prompts) {
    const Progress one = progress.Next(1);
    PELLUCID_RETURN_IF_ERROR(
        AddTangents(model, prompt, layer, vectors, options, &sums));
    if (one) one(1);
  }
  Tensor out(vectors.shape);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    out.data[i] =
        static_cast<float>(sums[i] / static_cast<double>(prompts.size()));
  }
  return out;
}

}  // namespace

Result<JacobianFit> FitJacobianLens(
    const Model& model, std::span<const std::vector<TokenId>> prompts,
    const JacobianOptions& options) {
  return CatchOutOfMemory("jacobian lens", [&] {
    const FloatEnvironment environment;
    return Fit(model.impl(), prompts, options).Run();
  });
}

Result<Tensor> ApplyJacobian(const Model& model,
                             std::span<const std::vector<TokenId>> prompts,
                             std::size_t layer, const Tensor& vectors,
                             const JacobianOptions& options) {
  return CatchOutOfMemory("jacobian lens", [&] {
    const FloatEnvironment environment;
    return Apply(model.impl(), prompts, layer, vectors, options);
  });
}

}  // namespace pellucid
