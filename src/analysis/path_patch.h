// Direct path patching: what one part of a block says to one reader of the
// stream, with all else as it was.
//
// Three steps, each the model's own arithmetic: what the cell adds to the
// stream is changed, the reader reads the stream with that change on it and
// nothing else, and the run goes on with what the reader made of it. So effects
// by way of parts between the two are left out.
#ifndef PELLUCID_ANALYSIS_PATH_PATCH_H_
#define PELLUCID_ANALYSIS_PATH_PATCH_H_

#include "model/model_impl.h"
#include "pellucid/patch.h"
#include "pellucid/result.h"

namespace pellucid {

// As Patch, where PatchOptions::to is not empty. kUsage also: a reader that is
// none, a site or metric that this does not do, answers of several tokens, an
// architecture whose norms stand on the stream itself.
Result<PatchGrid> RunPathPatch(const Model::Impl& model, const PatchPair& pair,
                               const PatchOptions& options);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_PATH_PATCH_H_
