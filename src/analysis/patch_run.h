// Patch with a changed run that is edited beforehand: what causal tracing,
// which corrupts by noise instead of by another prompt, shares with patching.
#ifndef PELLUCID_ANALYSIS_PATCH_RUN_H_
#define PELLUCID_ANALYSIS_PATCH_RUN_H_

#include <cstddef>
#include <optional>
#include <span>

#include "model/model_impl.h"
#include "pellucid/edit.h"
#include "pellucid/patch.h"
#include "pellucid/result.h"

namespace pellucid {

struct Corruption {
  std::span<const Edit> edits = {};  // of the run that cells change
  // The first position at which they change anything; nothing: the first at
  // which the prompts differ.
  std::optional<std::size_t> first = {};
};

// As Patch (pellucid/patch.h).
Result<PatchGrid> RunPatch(const Model::Impl& model, const PatchPair& pair,
                           const PatchOptions& options,
                           const Corruption& corruption);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_PATCH_RUN_H_
