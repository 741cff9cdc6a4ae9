// Gradient x activation and integrated gradients of one run.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "analysis/metric_adjoint.h"
#include "analysis/patch_cells.h"
#include "analysis/point_dots.h"
#include "analysis/point_probe.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/backward.h"
#include "model/recorded_run.h"
#include "pellucid/gradient_attribution.h"
#include "trace/editor.h"
#include "trace/point_heads.h"

namespace pellucid {
namespace {

// Packed tokens of the runs between baseline and run that are made at once.
constexpr std::size_t kBatchTokens = 512;

// Puts, in one block, the values between the baseline and the run that each
// prompt has its share of.
class PathEditor : public Editor {
 public:
  // `from`, `difference`: [tokens, features], or of a matrix [heads * tokens,
  // tokens]; `shares`: by prompt, of the difference.
  PathEditor(SiteKey key, ConstMatrixView from, ConstMatrixView difference,
             std::span<const std::size_t> offsets,
             std::span<const float> shares, std::size_t tokens)
      : key_(key),
        from_(from),
        difference_(difference),
        offsets_(offsets),
        shares_(shares),
        tokens_(tokens) {}

  bool Edits(SiteKey key) const override { return key == key_; }
  void Edit(SiteKey, MatrixView value) override {
    for (std::size_t p = 0; p < shares_.size(); ++p) {
      for (std::size_t t = 0; t < tokens_; ++t) {
        Put(t, shares_[p], value.RowSpan(offsets_[p] + t));
      }
    }
  }
  void EditAttention(SiteKey, std::size_t prompt, std::size_t head,
                     std::size_t first_query, MatrixView rows) override {
    for (std::size_t i = 0; i < rows.rows; ++i) {
      const std::size_t query = first_query + i;
      if (query >= tokens_) continue;
      Put(head * tokens_ + query, shares_[prompt],
          rows.RowSpan(i).first(query + 1));
    }
  }

 private:
  void Put(std::size_t row, float share, std::span<float> to) const {
    const float* const from = from_.Row(row);
    const float* const difference = difference_.Row(row);
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = from[i] + share * difference[i];
    }
  }

  const SiteKey key_;
  const ConstMatrixView from_, difference_;
  const std::span<const std::size_t> offsets_;
  const std::span<const float> shares_;
  const std::size_t tokens_;
};

class AttributionRun {
 public:
  AttributionRun(const Model::Impl& model, std::span<const TokenId> ids,
                 const ActivationOptions& options, MetricAdjoint adjoint)
      : model_(model),
        ids_(ids.begin(), ids.end()),
        options_(options),
        adjoint_(std::move(adjoint)) {}

  Result<ActivationGrid> Run();

 private:
  Status LayOut();
  // Values of the run, less those of the baseline; and the latter.
  Status Record();
  Buffer BaselineOf(ConstMatrixView values) const;
  void Subtract();
  Status TimesActivation();
  Status Integrate(std::size_t row);
  void AddRow(std::size_t row, const PointDots& dots);
  Result<RecordedRun> Make(std::vector<std::vector<TokenId>> prompts,
                           Editor* editor, Probe* probe) const {
    return RecordedRun::Make(model_.context(), Pack(prompts),
                             {.editor = editor,
                              .probe = probe,
                              .max_bytes = options_.max_bytes,
                              .stop = options_.stop});
  }
  Buffer Zero(const PackedPrompts& prompts) const {
    return Zeros(prompts.tokens(), model_.spec.d_model);
  }

  const Model::Impl& model_;
  const std::vector<TokenId> ids_;
  const ActivationOptions& options_;
  MetricAdjoint adjoint_;
  Point point_ = Point::kEmbed;
  std::vector<std::size_t> positions_;
  std::vector<Buffer> baseline_, difference_;  // by block
  ActivationGrid grid_;
};

Status AttributionRun::LayOut() {
  if (options_.steps == 0) {
    return UsageError("attr: steps 0: integrate nothing; use 1 or more");
  }
  const bool embed = options_.site == "embed";
  if (!embed) {
    PELLUCID_ASSIGN_OR_RETURN(point_,
                              PatchPointOf(model_.table, options_.site));
  }
  grid_.method = options_.method;
  grid_.metric = options_.metric;
  grid_.axes = options_.axes;
  grid_.site = options_.site;
  grid_.ids = ids_;
  PELLUCID_ASSIGN_OR_RETURN(
      grid_.rows, options_.layers.Resolve(embed ? 1 : model_.spec.n_layers));
  PELLUCID_ASSIGN_OR_RETURN(positions_,
                            options_.positions.Resolve(ids_.size()));
  const std::size_t heads = HeadsOfPoint(model_.table.sizes(), point_);
  switch (options_.axes) {
    case PatchAxes::kLayerPosition:
      grid_.columns = positions_;
      return {};
    case PatchAxes::kLayer:
      grid_.columns = {0};
      return {};
    case PatchAxes::kLayerHead:
      break;
  }
  if (heads == 0) {
    return UsageError(fmt::format(
        "attr: {}: has no heads; use z, q, k, v or pattern", options_.site));
  }
  PELLUCID_ASSIGN_OR_RETURN(grid_.columns, options_.heads.Resolve(heads));
  return {};
}

Status AttributionRun::Record() {
  PELLUCID_RETURN_IF_ERROR(
      CheckSourceSize(model_, point_, ids_.size(), options_.max_bytes));
  const SiteSizes& sizes = model_.table.sizes();
  PointProbe probe(point_, sizes, ids_.size());
  PELLUCID_RETURN_IF_ERROR(
      RunForward(model_.context(), Pack({&ids_, 1}),
                 {.probe = &probe, .stop = options_.stop}));
  difference_ = probe.Take();
  if (options_.baseline.empty()) {
    if (adjoint_.NeedsReference()) {
      return UsageError(
          "attr: metric kl: needs the prompt whose distribution is compared "
          "with; name a baseline, or use logprob");
    }
    for (const Buffer& value : difference_) {
      baseline_.push_back(BaselineOf(value.view()));
    }
    Subtract();
    return {};
  }
  PointProbe other(point_, sizes, ids_.size());
  PELLUCID_ASSIGN_OR_RETURN(
      const Forwarded done,
      RunForward(model_.context(), Pack({&options_.baseline, 1}),
                 {.probe = &other, .stop = options_.stop}));
  adjoint_.SetReference(done.residual.view().Rows(ids_.size() - 1, 1));
  baseline_ = other.Take();
  Subtract();
  return {};
}

Buffer AttributionRun::BaselineOf(ConstMatrixView values) const {
  const bool integrates = options_.method == GradientMethod::kIntegrated;
  const ActivationBaseline kind = options_.baseline_kind.value_or(
      integrates ? ActivationBaseline::kMean : ActivationBaseline::kZero);
  Buffer baseline = Zeros(values.rows, values.cols);
  if (kind == ActivationBaseline::kZero || IsAttentionMatrix(point_)) {
    return baseline;
  }
  std::vector<double> sums(values.cols);
  for (std::size_t t = 0; t < values.rows; ++t) {
    for (std::size_t i = 0; i < values.cols; ++i) {
      sums[i] += static_cast<double>(values.Row(t)[i]);
    }
  }
  for (std::size_t t = 0; t < values.rows; ++t) {
    for (std::size_t i = 0; i < values.cols; ++i) {
      baseline.view().Row(t)[i] =
          static_cast<float>(sums[i] / static_cast<double>(values.rows));
    }
  }
  return baseline;
}

// difference_: less the baseline.
void AttributionRun::Subtract() {
  for (std::size_t l = 0; l < difference_.size(); ++l) {
    for (std::size_t r = 0; r < difference_[l].view().rows; ++r) {
      const float* from = std::as_const(baseline_[l]).view().Row(r);
      for (float& x : difference_[l].view().RowSpan(r)) x -= *from++;
    }
  }
}

void AttributionRun::AddRow(std::size_t row, const PointDots& dots) {
  const std::size_t layer = grid_.rows[row];
  std::vector<std::size_t> all(ids_.size());
  for (std::size_t t = 0; t < all.size(); ++t) all[t] = t;
  grid_.total[row] += SumOfCell(dots, PatchAxes::kLayer, layer, 0, all);
  for (std::size_t c = 0; c < grid_.columns.size(); ++c) {
    const std::size_t column = grid_.columns[c];
    const std::span<const std::size_t> positions =
        options_.axes == PatchAxes::kLayerPosition ? std::span(&column, 1)
                                                   : std::span(positions_);
    grid_.values[row][c] +=
        SumOfCell(dots, options_.axes, layer, column, positions);
  }
}

Status AttributionRun::TimesActivation() {
  PELLUCID_ASSIGN_OR_RETURN(const RecordedRun run,
                            Make(adjoint_.Prompts(ids_), nullptr, nullptr));
  Buffer cotangent = Zero(run.prompts());
  PELLUCID_ASSIGN_OR_RETURN(
      grid_.value,
      adjoint_.Pull(run, 0, ids_.size(), 1, cotangent.view(), options_.stop));
  PointDots dots(point_, model_.table.sizes(), difference_,
                 run.prompts().offsets, ids_.size());
  PELLUCID_RETURN_IF_ERROR(RunBackward(
      run, cotangent.view(), {.probe = &dots, .stop = options_.stop}));
  for (std::size_t row = 0; row < grid_.rows.size(); ++row) AddRow(row, dots);
  return {};
}

// The baseline and the points between, in batches; gradients of the baseline
// itself count nothing.
Status AttributionRun::Integrate(std::size_t row) {
  const std::size_t layer = grid_.rows[row];
  const auto group = adjoint_.Prompts(ids_);
  std::size_t group_tokens = 0;
  for (const auto& prompt : group) group_tokens += prompt.size();
  const std::size_t steps = options_.steps;
  const std::size_t most =
      std::max<std::size_t>(1, kBatchTokens / group_tokens);
  std::vector<Buffer> differences(difference_.size());
  differences[layer] = std::move(difference_[layer]);
  for (std::size_t begin = 0; begin < steps + 1; begin += most) {
    const std::size_t end = std::min(begin + most, steps + 1);
    std::vector<std::vector<TokenId>> prompts;
    std::vector<float> shares;
    for (std::size_t i = begin; i < end; ++i) {
      const double share =
          i == 0 ? 0
                 : (static_cast<double>(i) - 0.5) / static_cast<double>(steps);
      prompts.insert(prompts.end(), group.begin(), group.end());
      shares.resize(prompts.size(), static_cast<float>(share));
    }
    const PackedPrompts packed = Pack(prompts);
    PathEditor editor({point_, IsPerLayer(point_) ? layer : 0},
                      std::as_const(baseline_[layer]).view(),
                      std::as_const(differences[layer]).view(), packed.offsets,
                      shares, ids_.size());
    PELLUCID_ASSIGN_OR_RETURN(const RecordedRun run,
                              Make(prompts, &editor, nullptr));
    Buffer cotangent = Zero(packed);
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t first = (i - begin) * group.size();
      const float weight = i == 0 ? 0 : 1 / static_cast<float>(steps);
      PELLUCID_ASSIGN_OR_RETURN(const double value,
                                adjoint_.Pull(run, first, ids_.size(), weight,
                                              cotangent.view(), options_.stop));
      if (i == 0) grid_.baseline[row] = value;
    }
    PointDots dots(point_, model_.table.sizes(), differences, packed.offsets,
                   ids_.size());
    PELLUCID_RETURN_IF_ERROR(RunBackward(
        run, cotangent.view(), {.probe = &dots, .stop = options_.stop}));
    AddRow(row, dots);
    if (options_.progress) {
      options_.progress(
          (static_cast<double>(row) +
           static_cast<double>(end) / static_cast<double>(steps + 1)) /
          static_cast<double>(grid_.rows.size()));
    }
  }
  return {};
}

Result<ActivationGrid> AttributionRun::Run() {
  const FloatEnvironment environment;
  PELLUCID_RETURN_IF_ERROR(model_.CheckPrompts({&ids_, 1}));
  PELLUCID_RETURN_IF_ERROR(model_.CheckPrompts(adjoint_.Prompts(ids_)));
  if (!options_.baseline.empty()) {
    PELLUCID_RETURN_IF_ERROR(model_.CheckPrompts({&options_.baseline, 1}));
    if (options_.baseline.size() != ids_.size()) {
      return UsageError(fmt::format(
          "attr: baseline of {} tokens: the prompt has {}; use prompts of one "
          "length",
          options_.baseline.size(), ids_.size()));
    }
  }
  PELLUCID_RETURN_IF_ERROR(LayOut());
  PELLUCID_RETURN_IF_ERROR(Record());
  grid_.values.assign(grid_.rows.size(),
                      std::vector<double>(grid_.columns.size()));
  grid_.total.assign(grid_.rows.size(), 0);
  if (options_.method == GradientMethod::kTimesActivation) {
    PELLUCID_RETURN_IF_ERROR(TimesActivation());
    return std::move(grid_);
  }
  grid_.baseline.assign(grid_.rows.size(), 0);
  PELLUCID_ASSIGN_OR_RETURN(const RecordedRun run,
                            Make(adjoint_.Prompts(ids_), nullptr, nullptr));
  PELLUCID_ASSIGN_OR_RETURN(grid_.value,
                            adjoint_.Read(run, 0, ids_.size(), options_.stop));
  for (std::size_t row = 0; row < grid_.rows.size(); ++row) {
    PELLUCID_RETURN_IF_ERROR(Integrate(row));
  }
  return std::move(grid_);
}

}  // namespace

std::string_view GradientMethodName(GradientMethod method) {
  return method == GradientMethod::kIntegrated ? "ig" : "grad";
}

Result<ActivationGrid> AttributeActivations(const Model& model,
                                            std::span<const TokenId> ids,
                                            const ActivationOptions& options) {
  return CatchOutOfMemory("attr", [&]() -> Result<ActivationGrid> {
    PELLUCID_ASSIGN_OR_RETURN(
        MetricAdjoint adjoint,
        MetricAdjoint::Make(model.impl(), "attr", options.metric,
                            options.answer, options.foil));
    return AttributionRun(model.impl(), ids, options, std::move(adjoint)).Run();
  });
}

}  // namespace pellucid
