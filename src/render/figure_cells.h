// What the picture of a lens shows, before anything has a place: which rows
// and positions, their texts and colours, title and notes.
//
// Too many positions: the leftmost go first, as in the table. Too many rows:
// every Nth layer stays, with the first and the last. A note says either.
#ifndef PELLUCID_RENDER_FIGURE_CELLS_H_
#define PELLUCID_RENDER_FIGURE_CELLS_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "render/lens_report.h"
#include "render/metric.h"
#include "render/palette.h"

namespace pellucid::render {

// Of a page, in points.
struct FigureSize {
  double width = 0, height = 0;
};

struct FigureOptions {
  Metric metric = Metric::kProb;
  Colormap colormap = Colormap::kViridis;
  // Empty: as large as the cells need to be read.
  std::optional<FigureSize> size = {};
  // Empty: as many as stay legible. Those asked for are drawn, or there is an
  // error.
  std::optional<std::size_t> max_positions = {};
  std::optional<std::size_t> layer_stride = {};
};

struct FigureLimits {
  std::size_t positions = 1;
  std::size_t layer_stride = 1;
};

struct FigureCells {
  struct Cell {
    std::string text;
    Rgb color;
  };
  struct Row {
    std::string label;
    std::vector<Cell> cells;  // [positions]
  };
  struct Position {
    std::string index, input, next;
    bool hit = false;  // the last row's top-1 is `next`
  };

  std::string title, prompt, bar_title;
  std::vector<Position> positions;
  std::vector<Row> rows;  // ascending by layer
  std::vector<MetricScale::Tick> ticks;
  std::vector<std::string> notes;
};

// A lens with cells; `limits` are 1 at least.
FigureCells TakeCells(const LensReport& report, const FigureOptions& options,
                      const FigureLimits& limits);

// The rows of every `stride`th layer, counted among those of `rows`, of the
// last one, and the embedding row, as indices.
std::vector<std::size_t> StridedRows(std::span<const LensRow> rows,
                                     std::size_t stride);

// The least stride with which at most `most` rows stay; where none does, that
// which leaves the first layer and the last.
std::size_t LeastStride(std::span<const LensRow> rows, std::size_t most);

// Title and prompt, as every figure of a lens says them.
std::string FigureTitle(const LensReport& report, const std::string& kind);
std::string FigurePrompt(const LensReport& report);

// DepthLines, the followed token's left out where it is a target too.
std::vector<std::string> FigureDepthNotes(const LensReport& report);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_FIGURE_CELLS_H_
