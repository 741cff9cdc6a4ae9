// Points of two numbers each: how one measure follows another, with the line on
// which they are equal.
#ifndef PELLUCID_RENDER_SCATTER_FIGURE_H_
#define PELLUCID_RENDER_SCATTER_FIGURE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "render/figure_cells.h"  // FigureSize
#include "render/page.h"

namespace pellucid::render {

struct ScatterPlot {
  std::string title, prompt;
  std::string x_title, y_title;
  std::vector<std::pair<double, double>> points;  // finite
  std::vector<std::string> notes;                 // sentences below
};

// Both axes have one scale, so that the line of equal numbers is a diagonal.
// `size`: empty: 5 inches wide. kUsage: a size too small for the axes.
// kFailed: nothing to draw; no font installed.
Result<Page> MakeScatterFigure(const ScatterPlot& plot,
                               const std::optional<FigureSize>& size = {});

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_SCATTER_FIGURE_H_
