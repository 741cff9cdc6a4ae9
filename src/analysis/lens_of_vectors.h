// The lens of states that a run kept, without a run of its own: generation
// decodes what it recorded on the way.
#ifndef PELLUCID_ANALYSIS_LENS_OF_VECTORS_H_
#define PELLUCID_ANALYSIS_LENS_OF_VECTORS_H_

#include <vector>

#include "base/matrix.h"
#include "model/model_impl.h"
#include "pellucid/lens.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

// As ComputeLens of `ids`, whose forward pass it spares. `vectors` [cells,
// d_model], which are overwritten: of each place of LayOutLens (lens_layout.h)
// the rows RowsOf(place), one place after another.
Result<Lens> DecodeVectors(const Model::Impl& model,
                           const std::vector<TokenId>& ids,
                           const LensOptions& options, MatrixView vectors);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_OF_VECTORS_H_
