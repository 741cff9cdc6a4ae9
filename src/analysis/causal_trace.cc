#include "pellucid/causal_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/patch_run.h"
#include "base/buffer.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "kernels/decode.h"
#include "model/decoder.h"
#include "model/model_impl.h"

namespace pellucid {
namespace {

constexpr float kDeviations = 3;     // of the noise, in those of the embeddings
constexpr std::size_t kWindow = 10;  // blocks of mlp and attn

class Tracer {
 public:
  Tracer(const Model& model, std::span<const TokenId> ids,
         const CausalTraceOptions& options)
      : model_(model), ids_(ids.begin(), ids.end()), options_(options) {}

  Result<CausalTrace> Run();

 private:
  Status CheckSubject() const;
  Status ResolveKind();
  Result<Tensor> MakeNoise(float deviation) const;
  Edit NoiseOf(const Tensor& noise, std::size_t sample) const;
  Result<TokenId> Answer() const;

  const Model& model_;
  std::vector<TokenId> ids_;
  const CausalTraceOptions& options_;
  std::string site_;
  std::size_t window_ = 1;
};

Result<CausalTrace> Tracer::Run() {
  const FloatEnvironment environment;
  PELLUCID_RETURN_IF_ERROR(model_.impl().CheckPrompts({&ids_, 1}));
  PELLUCID_RETURN_IF_ERROR(CheckSubject());
  PELLUCID_RETURN_IF_ERROR(ResolveKind());
  CausalTrace out;
  out.window = window_;
  out.noise_std = options_.noise_std.value_or(0);
  if (!options_.noise_std && options_.noise.data.empty()) {
    out.noise_std =
        static_cast<float>(kDeviations * EmbeddingDeviation(model_));
  }
  PELLUCID_ASSIGN_OR_RETURN(out.noise, MakeNoise(out.noise_std));
  PELLUCID_ASSIGN_OR_RETURN(out.answer, Answer());
  PatchPair pair;
  pair.clean = pair.corrupt = ids_;
  pair.answer = {out.answer};
  PatchOptions patch;
  patch.site = site_;
  patch.metric = PatchMetric::kProb;
  patch.layers = options_.layers;
  patch.positions = options_.positions;
  patch.window = window_;
  patch.stop = options_.stop;
  const std::size_t samples = out.noise.shape[0];
  std::vector<PatchGrid> grids;
  for (std::size_t s = 0; s < samples; ++s) {
    if (options_.progress) {
      patch.progress = [&](double share) {
        options_.progress((static_cast<double>(s) + share) /
                          static_cast<double>(samples));
      };
    }
    const Edit noise = NoiseOf(out.noise, s);
    PELLUCID_ASSIGN_OR_RETURN(
        PatchGrid grid,
        RunPatch(model_.impl(), pair, patch,
                 {.edits = {&noise, 1}, .first = options_.subject.front()}));
    grids.push_back(std::move(grid));
  }
  out.clean = grids.front().clean;
  PELLUCID_ASSIGN_OR_RETURN(
      out.summary, SummarisePatches(grids, options_.seed, options_.resamples));
  return out;
}

Status Tracer::CheckSubject() const {
  const std::vector<std::size_t>& subject = options_.subject;
  if (subject.empty()) {
    return UsageError(
        "causal-trace: subject: no positions; name the tokens that the fact "
        "is about");
  }
  if (!std::ranges::is_sorted(subject) || subject.back() >= ids_.size()) {
    return UsageError(
        fmt::format("causal-trace: subject: positions {}: must rise and lie "
                    "within the prompt's {} tokens",
                    fmt::join(subject, ", "), ids_.size()));
  }
  return {};
}

Status Tracer::ResolveKind() {
  if (options_.kind == "resid") {
    site_ = "resid_post";
  } else if (options_.kind == "mlp" || options_.kind == "attn") {
    site_ = options_.kind + "_out";
  } else {
    return UsageError(
        fmt::format("causal-trace: kind \"{}\": is not known; choose one of "
                    "resid, mlp, attn",
                    options_.kind));
  }
  window_ = options_.window.value_or(options_.kind == "resid" ? 1 : kWindow);
  return {};
}

Result<Tensor> Tracer::MakeNoise(float deviation) const {
  const std::size_t span = options_.subject.size();
  const std::size_t d = model_.info().d_model;
  const Tensor& given = options_.noise;
  if (!given.data.empty()) {
    if (given.shape.size() == 3 && given.shape[1] == span &&
        given.shape[2] == d && given.data.size() == given.shape[0] * span * d) {
      return given;
    }
    return UsageError(fmt::format(
        "causal-trace: noise of shape [{}]: must be [samples, {}, {}], the "
        "subject's tokens and the model's width",
        fmt::join(given.shape, ", "), span, d));
  }
  if (options_.samples == 0 || !(deviation > 0)) {
    return UsageError(fmt::format(
        "causal-trace: {} samples of standard deviation {}: give at least one, "
        "above 0",
        options_.samples, deviation));
  }
  Tensor noise({options_.samples, span, d});
  for (std::size_t s = 0; s < options_.samples; ++s) {
    for (std::size_t t = 0; t < span; ++t) {
      const std::span<float> row = noise.Row(s).subspan(t * d, d);
      DrawNormal(options_.seed, static_cast<std::uint32_t>(s),
                 static_cast<std::uint32_t>(t), row);
      for (float& x : row) x *= deviation;
    }
  }
  return noise;
}

Edit Tracer::NoiseOf(const Tensor& noise, std::size_t sample) const {
  Edit edit;
  edit.site = "embed";
  edit.kind = EditKind::kAdd;
  std::vector<std::int64_t> positions(options_.subject.begin(),
                                      options_.subject.end());
  edit.scope.positions = Selection::Of(std::move(positions));
  const std::span<const float> rows = noise.Row(sample);
  edit.values.shape = {noise.shape[1], noise.shape[2]};
  edit.values.data.assign(rows.begin(), rows.end());
  return edit;
}

Result<TokenId> Tracer::Answer() const {
  if (options_.answer) return *options_.answer;
  PELLUCID_ASSIGN_OR_RETURN(
      const Trace trace,
      model_.Run(ids_, {.last_logits = true, .stop = options_.stop}));
  return GreedyToken(trace.last_logits);
}

}  // namespace

double EmbeddingDeviation(const Model& model) {
  const FloatEnvironment environment;
  const WeightView& embed = model.impl().weights.embed;
  const double scale = model.impl().spec.embed_scale;
  Buffer row(1, embed.cols);
  double sum = 0, squares = 0;
  for (std::size_t r = 0; r < embed.rows; ++r) {
    kernels::DecodeRows(embed, r, row.view());
    for (const float x : row.view().RowSpan(0)) {
      sum += x;
      squares += static_cast<double>(x) * x;
    }
  }
  const double n =
      static_cast<double>(embed.rows) * static_cast<double>(embed.cols);
  const double mean = sum / n;
  return std::fabs(scale) * std::sqrt(std::max(squares / n - mean * mean, 0.0));
}

Result<CausalTrace> TraceCauses(const Model& model,
                                std::span<const TokenId> ids,
                                const CausalTraceOptions& options) {
  return CatchOutOfMemory("causal-trace",
                          [&] { return Tracer(model, ids, options).Run(); });
}

}  // namespace pellucid
