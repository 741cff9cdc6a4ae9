// Where the parts of a lens's figure lie: the frame around a grid of cells.
// Pure measuring; what is drawn there is lens_figure's affair.
#ifndef PELLUCID_RENDER_LENS_GRID_H_
#define PELLUCID_RENDER_LENS_GRID_H_

#include <cstddef>
#include <optional>

#include "render/color_bar.h"
#include "render/figure_cells.h"
#include "render/rect.h"
#include "render/text_painter.h"

namespace pellucid::render {

// The smallest cell of which something can be read: two letters of 5 points.
inline constexpr double kLeastCellWidth = 16;
inline constexpr double kLeastCellHeight = 8;
inline constexpr double kEasyCellWidth = 25;  // five letters
inline constexpr double kLeastTextSize = 5;

inline constexpr double kHitLine = 8;       // the dots' own line
inline constexpr double kTallestBar = 240;  // of colours

// Points. The title, the colour bar and its ticks are cut to what fits.
struct LensGrid {
  double width = 0, height = 0;  // of the page
  double left = 0, top = 0;      // of the cells
  double cell_width = 0, cell_height = 0;
  double text_size = 8;  // of the cells
  // Narrower columns are drawn only where that many are asked for: they would
  // hide which byte a token is.
  double easy_width = kEasyCellWidth;
  std::size_t columns = 0, rows = 0;
  ColorBar bar;

  double GridWidth() const { return cell_width * static_cast<double>(columns); }
  double GridHeight() const { return cell_height * static_cast<double>(rows); }
  double bottom() const { return top + GridHeight(); }
  // Row 0 is the lowest.
  Rect Cell(std::size_t row, std::size_t column) const;
  // A line of small text across one column: of the tokens above and below.
  double LineHeight() const { return text_size * 1.5; }
  // Where those lines begin.
  double NextLine() const { return top - kHitLine - LineHeight(); }
  double InputLine() const { return bottom() + 1; }
  // Whether the cells are large enough to be read.
  bool Legible() const {
    return cell_width >= kLeastCellWidth && cell_height >= kLeastCellHeight;
  }
};

// Lays `cells` out on a page of `size`, or on one as large as they need. Moves
// a title that is longer than the bar from there to the notes of `cells`.
LensGrid LayOutGrid(const TextPainter& painter, const FigureOptions& options,
                    FigureCells& cells);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_LENS_GRID_H_
