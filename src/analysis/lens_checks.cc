#include "analysis/lens_checks.h"

#include <fmt/format.h>

#include <span>

#include "analysis/lens_translation.h"
#include "base/quote.h"
#include "kernels/integer_product.h"
#include "kernels/isa.h"
#include "trace/edit_plan.h"
#include "trace/site_table.h"

namespace pellucid {
namespace {

Status CheckNumbers(const Model::Impl& model, const LensOptions& options) {
  const std::size_t vocab = model.spec.vocab_size;
  if (options.top_k < 1 || options.top_k > vocab) {
    return UsageError(fmt::format(
        "lens: top-k {}: is not within 1 and the vocabulary's {}; choose one "
        "that is",
        options.top_k, vocab));
  }
  for (const TokenId id : options.targets) {
    if (id < 0 || static_cast<std::size_t>(id) >= vocab) {
      return UsageError(
          fmt::format("lens: target id {}: is not within the model's "
                      "vocabulary; choose one "
                      "of 0 to {}",
                      id, vocab - 1));
    }
  }
  return {};
}

// kUsage: an edit that no prompt fits, or one of the head, which a lens has for
// each row of its own.
Status CheckEdits(const Model::Impl& model, std::span<const Edit> edits) {
  PELLUCID_RETURN_IF_ERROR(EditPlan::Check(model.table, edits));
  for (std::size_t i = 0; i < edits.size(); ++i) {
    PELLUCID_ASSIGN_OR_RETURN(const Site* site,
                              model.table.Find(edits[i].site));
    if (site->key.point < Point::kFinalNorm) continue;
    return UsageError(fmt::format(
        "lens: edits: edit {} ({} of {}): comes after the states that a "
        "lens reads; edit a block, or record logits with trace",
        i, EditKindName(edits[i].kind), Quote(edits[i].site)));
  }
  return {};
}

Status CheckTrained(const Model::Impl& model, const LensOptions& options) {
  if (!options.trained) return {};
  return CheckTrainedLens(*options.trained, model.table, options.trained->ref);
}

Status CheckPrecision(const Model::Impl& model, const LensOptions& options) {
  if (options.precision == LensPrecision::kExact) return {};
  if (!kernels::HasFastIntegerProducts() && !kernels::UsesReference()) {
    return UsageError(fmt::format(
        "lens: precision fast: needs AVX-512 and tile registers for bytes "
        "(Intel's AMX, Xeons from 2023 on), but {} is in force without them; "
        "leave it at exact",
        kernels::NameOf(kernels::CurrentIsa())));
  }
  const std::size_t width = model.spec.EmbedWidth();
  if (kernels::IntegerProductsFit(width)) return {};
  return UsageError(fmt::format(
      "lens: precision fast: the model is {} wide, more than its integers can "
      "sum; leave it at exact",
      width));
}

}  // namespace

Status CheckOptions(const Model::Impl& model, const LensOptions& options) {
  PELLUCID_RETURN_IF_ERROR(CheckNumbers(model, options));
  PELLUCID_RETURN_IF_ERROR(CheckPrecision(model, options));
  PELLUCID_RETURN_IF_ERROR(CheckEdits(model, options.edits));
  return CheckTrained(model, options);
}

}  // namespace pellucid
