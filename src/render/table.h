// The terminal table of a lens: input tokens across, layers down (the last at
// the bottom), in each cell the top-1 token shaded by the metric. The right
// column follows the final row's top-1 at the last position shown: early rows
// are mostly punctuation, this column tells the story.
#ifndef PELLUCID_RENDER_TABLE_H_
#define PELLUCID_RENDER_TABLE_H_

#include <cstddef>
#include <string>

#include "render/lens_report.h"
#include "render/metric.h"
#include "render/palette.h"

namespace pellucid::render {

struct TableOptions {
  // Columns of the terminal. Long tokens are cut and the leftmost positions
  // left out until the table fits, with a note; sentences below it are broken
  // into lines. 0: nothing is cut.
  std::size_t width = 0;
  ColorMode color = ColorMode::kNone;
  // Shades the cells; without colour its number stands in each cell.
  Metric metric = Metric::kProb;
};

// Lines ending in '\n'. The lens should be computed with FollowFinal::kLast
// (or, for Metric::kRank without targets, kEach): without it the right column
// and the closing line are left out.
std::string RenderTable(const LensReport& report,
                        const TableOptions& options = {});

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TABLE_H_
