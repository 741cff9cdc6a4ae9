// Jacobian-vector products of the forward pass: how every point changes when
// some do, to first order. The derivative of every step of the run in its
// order, read off the same ArchSpec; the transpose of backward.h.
#ifndef PELLUCID_MODEL_TANGENT_H_
#define PELLUCID_MODEL_TANGENT_H_

#include "base/buffer.h"
#include "model/derivative.h"
#include "model/recorded_run.h"
#include "pellucid/result.h"

namespace pellucid {

// The change of the final residual stream, [copies * tokens, d_model], that
// `options.given` makes; the probe is shown the points from the first that is
// given or wanted on. What RunBackward's header says of order, cost and
// mixtures holds here. kCancelled, and what running a block again may say.
Result<Buffer> RunTangent(const RecordedRun& run,
                          const DerivativeOptions& options);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_TANGENT_H_
