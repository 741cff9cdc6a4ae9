// The picture of a lens, as nostalgebraist's plots (2020) set the custom:
// positions across with the input tokens below, layers upwards with the last
// on top, in each cell its top-1 token shaded by the metric; above, the true
// next tokens, with a dot where the last row predicts them. What it is drawn
// on (SVG, PNG, PDF) is the caller's affair.
#ifndef PELLUCID_RENDER_LENS_FIGURE_H_
#define PELLUCID_RENDER_LENS_FIGURE_H_

#include <cairo.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "render/lens_report.h"
#include "render/metric.h"
#include "render/text_painter.h"

namespace pellucid::render {

struct FigureOptions {
  Metric metric = Metric::kProb;
  // Earlier positions than these last ones are left out, with a note: beyond
  // about 2.5 m no viewer shows a readable whole.
  std::size_t max_positions = 100;
};

// A figure laid out. Copies what it shows; sizes are points.
class LensFigure {
 public:
  // Measures every text once. kFailed: a lens without cells, no font
  // installed.
  static Result<LensFigure> Layout(const LensReport& report,
                                   const FigureOptions& options);

  double width() const { return width_; }
  double height() const { return height_; }
  const std::string& title() const { return title_; }

  // Draws the whole, white background included, at the origin.
  void Draw(cairo_t* cairo) const;

 private:
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

  explicit LensFigure(TextPainter painter) : painter_(std::move(painter)) {}
  void TakeTexts(const LensReport& report, const FigureOptions& options,
                 std::size_t first);
  void TakeNotes(const LensReport& report, const FigureOptions& options,
                 std::size_t first);
  void Measure();
  void DrawTitle(cairo_t* cairo) const;
  void DrawGrid(cairo_t* cairo) const;
  void DrawPositions(cairo_t* cairo) const;
  void DrawColorBar(cairo_t* cairo) const;
  void DrawNotes(cairo_t* cairo) const;
  double ColumnMiddle(std::size_t position) const;
  double RowMiddle(std::size_t row) const;
  double GridWidth() const;
  double GridHeight() const;

  TextPainter painter_;
  std::string title_, prompt_, bar_title_;
  std::vector<Position> positions_;
  std::vector<Row> rows_;  // ascending by layer: drawn from the bottom up
  std::vector<MetricScale::Tick> ticks_;
  std::vector<std::string> notes_;
  double cell_width_ = 0;
  double left_ = 0, top_ = 0;  // of the grid
  double tick_width_ = 0;
  double width_ = 0, height_ = 0;
};

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_LENS_FIGURE_H_
