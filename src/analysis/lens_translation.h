// A trained lens (pellucid/trained_lens.h) as the lens run uses it: which rows
// it has a map for, and the maps made on the vectors of many cells.
#ifndef PELLUCID_ANALYSIS_LENS_TRANSLATION_H_
#define PELLUCID_ANALYSIS_LENS_TRANSLATION_H_

#include <cstddef>
#include <span>
#include <vector>

#include "analysis/lens_rows.h"
#include "base/matrix.h"
#include "base/task_pool.h"
#include "pellucid/result.h"
#include "pellucid/trained_lens.h"
#include "trace/site_table.h"

namespace pellucid {

// The row whose state a translator takes. kModel: its site is not the embedding
// or a block's output but for the last.
Result<std::size_t> RowOfTranslator(const LensTranslator& translator,
                                    const SiteTable& table);

// kModel: a site that is no row with a map or stands twice, a shape that does
// not fit the model, a number that is not finite. `name` opens the message.
Status CheckTrainedLens(const TrainedLens& lens, const SiteTable& table,
                        std::string_view name);

// Leaves in `rows` those that can be read through `lens`: its own and the last
// block's. kUsage: a row was asked for by name that it does not have, or a site
// within a block.
Status KeepTranslatedRows(const TrainedLens& lens, const LensOptions& options,
                          const SiteTable& table, LensRows* rows);

// Replaces the states `vectors` [cells, d_model] of all cells by what `lens`
// makes of them. Token i has the cells offsets[i] .. offsets[i + 1] - 1, of the
// rows rows_of[i]. Each number is one canonical dot, the bias, and for a tuned
// lens the state, added in this order: the same bits for any number of cells.
void TranslateVectors(const TaskPool& pool, const TrainedLens& lens,
                      const SiteTable& table,
                      std::span<const std::size_t> offsets,
                      std::span<const std::vector<std::size_t>* const> rows_of,
                      MatrixView vectors);

// One map on the rows of `states` [rows, d_model] in place.
void Translate(const TaskPool& pool, LensKind kind,
               const LensTranslator& translator, MatrixView states);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_TRANSLATION_H_
