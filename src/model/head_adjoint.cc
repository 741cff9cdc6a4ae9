#include "model/head_adjoint.h"

#include "base/buffer.h"
#include "kernels/linear_adjoint.h"
#include "model/normalise.h"
#include "model/row_blocks.h"

namespace pellucid {
namespace {

// Head::ScaleAndCap: with z = c tanh(u / c), dz/du = 1 - (z / c)^2.
void UndoScaleAndCap(const LogitSpec& spec, std::span<const float> logits,
                     std::span<float> cotangent) {
  if (spec.cap != 0) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const float t = logits[i] / spec.cap;
      cotangent[i] *= 1 - t * t;
    }
  }
  for (float& x : cotangent) {
    if (spec.divisor != 1) x /= spec.divisor;
    if (spec.multiplier != 1) x *= spec.multiplier;
  }
}

}  // namespace

void HeadAdjoint(const Model::Impl& model, ConstMatrixView residual,
                 ConstMatrixView logits, MatrixView cotangent, MatrixView out,
                 const std::stop_token& stop, const HeadVisit& visit) {
  const Weights& weights = model.weights;
  const ArchSpec& spec = model.spec;
  const auto look = [&](Point point, MatrixView value) {
    if (visit && !stop.stop_requested()) visit(point, value);
  };
  look(Point::kLogits, cotangent);
  ForRowBlocks(
      model.pool, logits.rows, [&](std::size_t begin, std::size_t count) {
        for (std::size_t r = begin; r < begin + count; ++r) {
          UndoScaleAndCap(spec.logits, logits.RowSpan(r), cotangent.RowSpan(r));
        }
      });
  look(Point::kHead, cotangent);
  if (weights.project_out.empty()) {
    kernels::LinearAdjoint(model.pool, cotangent, weights.unembed, out, stop);
  } else {
    Buffer embedded(out.rows, spec.EmbedWidth());
    kernels::LinearAdjoint(model.pool, cotangent, weights.unembed,
                           embedded.view(), stop);
    look(Point::kProjectOut, embedded.view());
    kernels::LinearAdjoint(model.pool, embedded.view(),
                           weights.project_out.weight, out, stop);
  }
  look(Point::kFinalNorm, out);
  if (weights.final_norm.empty()) return;
  NormAdjoint(spec, weights.final_norm, residual, out, out);
}

}  // namespace pellucid
