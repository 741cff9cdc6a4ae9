// How sure a model is of a token from layer to layer: probability,
// log-probability, logit or rank as lines, with a ring where the token first
// is top-1 and a diamond from where it stays. One colour a token, one line
// style a position; at a single position the styles tell more tokens apart
// than there are colours.
#ifndef PELLUCID_RENDER_TARGET_FIGURE_H_
#define PELLUCID_RENDER_TARGET_FIGURE_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "pellucid/result.h"
#include "render/figure_cells.h"  // FigureSize
#include "render/lens_report.h"
#include "render/metric.h"
#include "render/page.h"

namespace pellucid::render {

// More positions than line styles cannot be told apart.
inline constexpr std::size_t kMostTargetPositions = 4;

struct TargetFigureOptions {
  Metric metric = Metric::kProb;
  std::optional<FigureSize> size = {};  // empty: 6.5 inches wide
  // In the input, ascending; empty: the last listed one.
  std::vector<std::size_t> positions = {};
};

// Copies what it shows. kUsage: entropy or kl, positions that are not listed,
// more than 4 of them, more than 7 targets at several or 28 at one, a size too
// small for the axes. kFailed: a lens without cells,
// without a token to follow; no font installed.
Result<Page> MakeTargetFigure(const LensReport& report,
                              const TargetFigureOptions& options = {});

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TARGET_FIGURE_H_
