// Short names of a lens's rows, which of them are block outputs, and the note
// on those that are no residual state.
// Table and figure call the same rows the same.
#ifndef PELLUCID_RENDER_ROW_LABEL_H_
#define PELLUCID_RENDER_ROW_LABEL_H_

#include <span>
#include <string>
#include <string_view>

#include "pellucid/lens.h"

namespace pellucid::render {

// "embed"; "3" for a block's output ("model.layers.3"); "3 resid_mid" for a
// point inside of it: what follows the layer's number in the site's path.
std::string RowLabel(const LensRow& row);

// The row is the residual stream after a block.
bool IsBlockOutput(const LensRow& row);

// The sentence on rows with LensRow::own_norm; empty where there are none.
std::string_view OwnNormNote(std::span<const LensRow> rows);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_ROW_LABEL_H_
