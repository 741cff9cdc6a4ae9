// Lenses as others publish them (formats of tuned-lens, of Jacobian lenses, of
// mlxterp), read into what pellucid/trained_lens.h describes. Whether they fit
// a model is not judged here, but for the number of its blocks.
#ifndef PELLUCID_ANALYSIS_LENS_IMPORT_H_
#define PELLUCID_ANALYSIS_LENS_IMPORT_H_

#include "formats/torch_file.h"
#include "formats/zip_reader.h"
#include "pellucid/result.h"
#include "pellucid/trained_lens.h"
#include "trace/site_table.h"

namespace pellucid {

// The site of the state behind `blocks` blocks: "embed" for 0.
std::string SiteBehindBlocks(const SiteTable& table, std::size_t blocks);

// params.pt of the tuned-lens package: "{i}.weight" and "{i}.bias" for what
// enters block i, residual (h + W h + b). kModel: another key, or other blocks
// than the model has.
Result<TrainedLens> ImportTunedLens(const TorchFile& file,
                                    const SiteTable& table);

// A dict "J" of matrices by block, whose output they take.
Result<TrainedLens> ImportJacobianLens(const TorchFile& file,
                                       const SiteTable& table);

// translators_{i}_weight and _bias for the output of block i, not residual.
Result<TrainedLens> ImportMlxterpLens(const ZipFile& zip,
                                      const SiteTable& table);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_IMPORT_H_
