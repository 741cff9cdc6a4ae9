// Several heatmaps of the same rows and columns on one page, with one colour
// bar: the heads of a model side by side. Labels stand once, at the left of
// each line of panels and below the lowest of each column.
#ifndef PELLUCID_RENDER_HEATMAP_GRID_H_
#define PELLUCID_RENDER_HEATMAP_GRID_H_

#include <cstddef>
#include <string>
#include <vector>

#include "pellucid/result.h"
#include "render/heatmap.h"
#include "render/page.h"

namespace pellucid::render {

struct HeatmapGrid {
  struct Panel {
    std::string title;
    std::vector<std::vector<double>> values;  // [rows, columns]; NaN: nothing
  };

  // What the panels share: all but the values. Its limits are the colours'.
  Heatmap shared;
  std::vector<Panel> panels;  // line by line
  std::size_t across = 1;     // panels of a line
};

// kUsage: a size too small for the cells, or more cells than a page can hold.
// kFailed: nothing to draw; no font installed.
Result<Page> MakeHeatmapGridFigure(const HeatmapGrid& grid,
                                   const HeatmapOptions& options = {});

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_HEATMAP_GRID_H_
