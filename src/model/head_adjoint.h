// The head (model/head.h) backwards: what a change of a residual row is worth,
// from what changes of its logits are.
#ifndef PELLUCID_MODEL_HEAD_ADJOINT_H_
#define PELLUCID_MODEL_HEAD_ADJOINT_H_

#include <functional>
#include <stop_token>

#include "base/matrix.h"
#include "model/model_impl.h"
#include "trace/site.h"

namespace pellucid {

// Sees the cotangent at a point of the head, [rows, features], and may add to
// it: kLogits, kHead, kProjectOut where there is one, kFinalNorm.
using HeadVisit = std::function<void(Point point, MatrixView cotangent)>;

// residual [rows, d_model] and the logits [rows, vocab] that the head makes of
// it; `cotangent` [rows, vocab] of these, which is overwritten; out [rows,
// d_model], that of the residual. `visit` may be empty. After `stop`, out is
// not whole.
void HeadAdjoint(const Model::Impl& model, ConstMatrixView residual,
                 ConstMatrixView logits, MatrixView cotangent, MatrixView out,
                 const std::stop_token& stop = {}, const HeadVisit& visit = {});

}  // namespace pellucid

#endif  // PELLUCID_MODEL_HEAD_ADJOINT_H_
