// What of a lens's options only the model can judge: before a run, so that a
// server can refuse with a reason, and again in it.
#ifndef PELLUCID_ANALYSIS_LENS_CHECKS_H_
#define PELLUCID_ANALYSIS_LENS_CHECKS_H_

#include "model/model_impl.h"
#include "pellucid/lens.h"
#include "pellucid/result.h"

namespace pellucid {

// kUsage: top_k and targets that the vocabulary does not hold; an edit that no
// prompt fits, or of the head. kModel: a trained lens of another model. Rows
// are judged where they are resolved (analysis/lens_rows.h).
Status CheckOptions(const Model::Impl& model, const LensOptions& options);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_CHECKS_H_
