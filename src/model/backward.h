// Vector-Jacobian products of the forward pass: what a change of each point is
// worth, from what a change of the final residual stream is. The adjoint of
// every step of the run, from the last to the first (Griewank, Walther 2008,
// chapter 3), read off the same ArchSpec.
//
// The order of each sum is fixed as the forward pass's are: gradients depend
// neither on threads, nor on other prompts or copies, nor on whether blocks
// were kept. A mixture's choice of experts is taken as fixed, its weights are
// not. Costs about a forward pass for each copy, and one more for blocks that
// are run again; memory for copies * tokens rows of one block.
#ifndef PELLUCID_MODEL_BACKWARD_H_
#define PELLUCID_MODEL_BACKWARD_H_

#include "base/matrix.h"
#include "model/derivative.h"
#include "model/recorded_run.h"
#include "pellucid/result.h"

namespace pellucid {

// `final_cotangent` [copies * tokens, d_model], of what the head reads; without
// rows: 0. Of the head itself: head_adjoint.h. Walks no block that neither
// leads to a point that the probe wants nor gets anything. kCancelled, and what
// running a block again may say.
Status RunBackward(const RecordedRun& run, ConstMatrixView final_cotangent,
                   const DerivativeOptions& options);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_BACKWARD_H_
