#include "analysis/lens_gradient.h"

#include <algorithm>
#include <numeric>

#include "analysis/float_weights.h"
#include "analysis/lens_translation.h"
#include "kernels/linear.h"
#include "model/head_adjoint.h"

namespace pellucid {
namespace {

Buffer Turned(ConstMatrixView rows) {
  Buffer out(rows.cols, rows.rows);
  for (std::size_t r = 0; r < rows.rows; ++r) {
    for (std::size_t i = 0; i < rows.cols; ++i) {
      out.view().Row(i)[r] = rows.Row(r)[i];
    }
  }
  return out;
}

}  // namespace

Result<MapGradient> GradientOfMap(const Model::Impl& model, LensKind kind,
                                  const LensTranslator& map,
                                  ConstMatrixView states,
                                  const Distributions& final,
                                  const std::stop_token& stop) {
  const std::size_t n = states.rows, d = states.cols;
  Buffer mapped(n, d);
  for (std::size_t i = 0; i < n; ++i) {
    std::ranges::copy(states.RowSpan(i), mapped.view().Row(i));
  }
  Translate(model.pool, kind, map, mapped.view());
  Distributions ours = DistributionsOf(model, mapped.view(), stop);
  if (stop.stop_requested()) return CancelledError("tune: stopped");
  std::vector<double> losses(n);
  // d KL / d logits = ours - final, and of the mean over cells 1 / n of it.
  model.pool.For(n, [&](std::size_t i) {
    losses[i] = Divergence(final, ours, i);
    const float* p = final.probs.view().Row(i);
    for (float& x : ours.probs.view().RowSpan(i)) {
      x = (x - *p++) / static_cast<float>(n);
    }
  });
  MapGradient out;
  out.loss = std::accumulate(losses.begin(), losses.end(), 0.0) /
             static_cast<double>(n);
  Buffer slope(n, d);
  HeadAdjoint(model, mapped.view(), ours.logits.view(), ours.probs.view(),
              slope.view(), stop);
  if (stop.stop_requested()) return CancelledError("tune: stopped");
  const Buffer slope_columns = Turned(slope.view());
  const Buffer state_columns = Turned(states);
  out.weight = Buffer(d, d);
  kernels::Linear(model.pool, slope_columns.view(),
                  FloatWeights(state_columns.view()), {}, out.weight.view());
  out.bias.resize(d);
  for (std::size_t i = 0; i < d; ++i) {
    for (const float x : slope_columns.view().RowSpan(i)) out.bias[i] += x;
  }
  return out;
}

}  // namespace pellucid
