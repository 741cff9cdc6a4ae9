// The picture of a lens, as nostalgebraist's plots (2020) set the custom:
// positions across with the input tokens below, layers upwards with the last
// on top, in each cell its top-1 token shaded by the metric; above, the true
// next tokens, bold and with a dot where the last row predicts them.
//
// Without a size the page grows with the cells. With one, cells share what the
// other parts leave: text gets smaller, down to 5 points, and is cut; then
// positions and layers are left out.
#ifndef PELLUCID_RENDER_LENS_FIGURE_H_
#define PELLUCID_RENDER_LENS_FIGURE_H_

#include "pellucid/result.h"
#include "render/figure_cells.h"
#include "render/lens_report.h"
#include "render/page.h"

namespace pellucid::render {

// Positions and rows of a page without a size, where none are asked for: what
// a reader can still take in, 60 columns and 72 rows, about 1 m by 40 cm.
inline constexpr std::size_t kMostPositions = 60;
inline constexpr std::size_t kMostRows = 72;

// Copies what it shows. kUsage: cells that a page of that size cannot hold,
// with the size that would. kFailed: a lens without cells, no font installed.
Result<Page> MakeLensFigure(const LensReport& report,
                            const FigureOptions& options = {});

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_LENS_FIGURE_H_
