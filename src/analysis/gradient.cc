#include "pellucid/gradient.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "analysis/metric_adjoint.h"
#include "analysis/point_dots.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/backward.h"
#include "model/model_impl.h"
#include "model/recorded_run.h"
#include "trace/capture.h"
#include "trace/plan.h"

namespace pellucid {
namespace {

bool IsRotary(Point point) {
  return point == Point::kRotary || point == Point::kRotaryLocal;
}

// Keeps the cotangents of points of the head: rows of zeros but for readouts.
class HeadRows {
 public:
  HeadRows(const Plan& plan, std::size_t tokens)
      : plan_(plan), tokens_(tokens) {}

  void Keep(Point point, std::size_t first, ConstMatrixView rows) {
    if (!plan_.Wants({point})) return;
    Buffer& all = rows_[point];
    if (all.view().rows == 0) all = Zeros(tokens_, rows.cols);
    for (std::size_t r = 0; r < rows.rows; ++r) {
      std::ranges::copy(rows.RowSpan(r), all.view().Row(first + r));
    }
  }
  void Show(Probe& probe) const {
    for (const auto& [point, rows] : rows_) probe.Visit({point}, rows.view());
  }

 private:
  const Plan& plan_;
  const std::size_t tokens_;
  std::map<Point, Buffer> rows_;
};

// Adds the derivatives of the first `tokens` tokens of `more` to `sum`, which
// has no others.
void AddTensor(const SiteTable& table, const std::string& name,
               std::size_t tokens, const Tensor& more, Tensor& sum) {
  const bool matrix = IsAttentionMatrix(table.Find(name).value()->key.point);
  if (sum.shape.empty()) {
    std::vector<std::size_t> shape = more.shape;
    shape[matrix ? 1 : 0] = tokens;
    if (matrix) shape[2] = tokens;
    sum = Tensor(shape);
  }
  if (!matrix) {
    for (std::size_t i = 0; i < sum.data.size(); ++i)
      sum.data[i] += more.data[i];
    return;
  }
  const std::size_t wide = more.shape[2];
  for (std::size_t head = 0; head < sum.shape[0]; ++head) {
    for (std::size_t q = 0; q < tokens; ++q) {
      for (std::size_t k = 0; k < tokens; ++k) {
        sum.Row(head)[q * tokens + k] += more.Row(head)[q * wide + k];
      }
    }
  }
}

Status CheckNames(const SiteTable& table, std::span<const std::string> sites) {
  for (const std::string& name : sites) {
    const auto found = table.Find(name);
    if (found.ok() && IsRotary((*found)->key.point)) {
      return UsageError(fmt::format(
          "gradient: {}: is a table of positions, by which nothing is "
          "differentiated; leave it out",
          name));
    }
  }
  return {};
}

// The final residual row of the run that KL compares with.
Status ReadReference(const Model::Impl& impl, const GradientOptions& options,
                     MetricAdjoint& adjoint) {
  if (options.metric != PatchMetric::kKl) return {};
  if (options.reference.empty()) {
    return UsageError(
        "gradient: metric kl: needs the prompt whose distribution is compared "
        "with; name one, or use logprob");
  }
  const std::span<const std::vector<TokenId>> prompt(&options.reference, 1);
  PELLUCID_RETURN_IF_ERROR(impl.CheckPrompts(prompt));
  PELLUCID_ASSIGN_OR_RETURN(
      const Forwarded done,
      RunForward(impl.context(), Pack(prompt), {.stop = options.stop}));
  adjoint.SetReference(
      done.residual.view().Rows(options.reference.size() - 1, 1));
  return {};
}

Result<Gradient> Compute(const Model::Impl& impl, std::span<const TokenId> ids,
                         const GradientOptions& options) {
  const FloatEnvironment environment;
  PELLUCID_ASSIGN_OR_RETURN(
      MetricAdjoint adjoint,
      MetricAdjoint::Make(impl, "gradient", options.metric, options.answer,
                          options.foil));
  const auto prompts = adjoint.Prompts(ids);
  const std::vector<TokenId> prompt(ids.begin(), ids.end());
  PELLUCID_RETURN_IF_ERROR(impl.CheckPrompts({&prompt, 1}));
  PELLUCID_RETURN_IF_ERROR(impl.CheckPrompts(prompts));
  PELLUCID_RETURN_IF_ERROR(CheckNames(impl.table, options.sites));
  PELLUCID_ASSIGN_OR_RETURN(const Plan plan,
                            Plan::Make(impl.table, options.sites));
  PELLUCID_RETURN_IF_ERROR(ReadReference(impl, options, adjoint));
  PELLUCID_ASSIGN_OR_RETURN(const RecordedRun run,
                            RecordedRun::Make(impl.context(), Pack(prompts),
                                              {.max_bytes = options.max_bytes,
                                               .stop = options.stop,
                                               .progress = options.progress}));
  const std::vector<std::size_t>& offsets = run.prompts().offsets;
  Buffer cotangent = Zeros(offsets.back(), impl.spec.d_model);
  HeadRows head(plan, offsets.back());
  Gradient gradient;
  PELLUCID_ASSIGN_OR_RETURN(
      gradient.value,
      adjoint.Pull(run, 0, ids.size(), 1, cotangent.view(), options.stop,
                   [&](Point point, std::size_t first, ConstMatrixView rows) {
                     head.Keep(point, first, rows);
                   }));
  Capture capture(plan, impl.table, offsets);
  head.Show(capture);
  PELLUCID_RETURN_IF_ERROR(RunBackward(
      run, cotangent.view(), {.probe = &capture, .stop = options.stop}));
  std::vector<Trace> traces = capture.Take();
  gradient.trace.ids = prompt;
  if (traces.size() == 1 && prompts.front().size() == ids.size()) {
    gradient.trace.sites = std::move(traces.front().sites);
    return gradient;
  }
  for (const Trace& trace : traces) {
    for (const auto& [name, tensor] : trace.sites) {
      AddTensor(impl.table, name, ids.size(), tensor,
                gradient.trace.sites[name]);
    }
  }
  return gradient;
}

}  // namespace

Result<Gradient> ComputeGradient(const Model& model,
                                 std::span<const TokenId> ids,
                                 const GradientOptions& options) {
  return CatchOutOfMemory("gradient",
                          [&] { return Compute(model.impl(), ids, options); });
}

}  // namespace pellucid
