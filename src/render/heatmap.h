// A matrix of numbers as people see it: shaded cells with labelled rows and
// columns, on a page or in a terminal. What patching and causal tracing show.
#ifndef PELLUCID_RENDER_HEATMAP_H_
#define PELLUCID_RENDER_HEATMAP_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "render/figure_cells.h"  // FigureSize
#include "render/page.h"
#include "render/palette.h"

namespace pellucid::render {

struct Heatmap {
  // A value of interest, shown beside the colour bar and by name.
  struct Mark {
    std::string name;
    double value = 0;
  };

  std::string title, prompt;
  std::string row_title, column_title, value_title;
  std::vector<std::string> rows, columns;   // labels, of DisplayText
  std::vector<std::vector<double>> values;  // [rows, columns]; NaN: blank
  std::vector<Mark> marks;
  std::vector<std::string> notes;  // sentences below
  // Of both signs: 0 is in the middle of the colours, which are BlueRed.
  bool is_signed = false;
  // Values of the ends of the colours, where the values shall not decide.
  std::optional<std::pair<double, double>> limits = {};

  // Of the values and the marks that are numbers; equal ends are set apart.
  struct Range {
    double low = 0, high = 1;
    // In [0, 1].
    double Shade(double value) const { return (value - low) / (high - low); }
    // A number as a cell shows it: with as many digits behind the point as tell
    // a hundredth of the range; empty for none.
    std::string Text(double value) const;
  };
  Range range() const;
  // The colours, where `wanted` are asked for.
  Colormap colors(Colormap wanted = Colormap::kViridis) const {
    return is_signed ? Colormap::kBlueRed : wanted;
  }
};

struct HeatmapOptions {
  Colormap colormap = Colormap::kViridis;
  std::optional<FigureSize> size = {};  // empty: as large as can be read
};

// kUsage: a size too small for the cells, or more cells than a page can hold.
// kFailed: nothing to draw; no font installed.
Result<Page> MakeHeatmapFigure(const Heatmap& heatmap,
                               const HeatmapOptions& options = {});

// Rows of a number in each cell, in `width` columns of a terminal (0: as wide
// as it takes); too wide: the leftmost columns go first, with a note.
std::string HeatmapTable(const Heatmap& heatmap, std::size_t width,
                         ColorMode color);

// A number in a sentence: at most five characters where that is possible.
std::string ShortNumber(double value);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_HEATMAP_H_
