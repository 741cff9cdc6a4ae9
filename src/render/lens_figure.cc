#include "render/lens_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "render/figure_style.h"
#include "render/figure_text.h"
#include "render/lens_grid.h"

namespace pellucid::render {
namespace {

constexpr double kLine = 0.7;         // white between cells
constexpr double kTextPadding = 1.5;  // left and right of a cell's text
constexpr double kHitRadius = 2;

// The room for text in `cell`.
Rect Inside(const Rect& cell) {
  return {cell.x + kTextPadding, cell.y, cell.width - 2 * kTextPadding - kLine,
          cell.height - kLine};
}

void AddRows(Page& page, const FigureCells& cells, const LensGrid& grid) {
  TextStyle style = kTokenText;
  style.size = grid.text_size;
  const double label_room = grid.left - kMargin - kHeadLine - kGap;
  for (std::size_t r = 0; r < grid.rows; ++r) {
    style.color = kBlack;
    page.AddText(cells.rows[r].label, Within(style, label_room + 0.5),
                 Anchor::kRight, grid.left - kGap, grid.Cell(r, 0).middle_y());
    for (std::size_t c = 0; c < grid.columns; ++c) {
      const FigureCells::Cell& cell = cells.rows[r].cells[c];
      const Rect at = grid.Cell(r, c);
      page.AddRect({at.x, at.y, at.width - kLine, at.height - kLine},
                   cell.color);
      style.color = TextColorOn(cell.color);
      page.AddTextWithin(Inside(at), cell.text, style);
    }
  }
  page.AddUpwards("layer", kSmallText, kMargin + kHeadLine / 2,
                  grid.top + grid.GridHeight() / 2);
}

// The tokens above and below one column, and the dot of a hit.
void AddTokens(Page& page, const FigureCells::Position& position,
               const LensGrid& grid, std::size_t column) {
  const Rect cell = Inside(grid.Cell(0, column));
  const auto line_at = [&](double y) {
    return Rect{cell.x, y, cell.width, grid.LineHeight()};
  };
  TextStyle style = kTokenText;
  style.size = grid.text_size;
  style.bold = position.hit;
  page.AddTextWithin(line_at(grid.NextLine()), position.next, style);
  style.bold = true;
  page.AddTextWithin(line_at(grid.InputLine()), position.input, style);
  if (position.hit) {
    page.AddDot({cell.middle_x(), grid.top - kHitLine / 2}, kHitRadius, kBlack);
  }
}

// The numbers of columns: where they would touch, of every few, counted from
// the last.
void AddIndices(Page& page, const FigureCells& cells, const LensGrid& grid,
                const TextStyle& style, double y) {
  double widest = 0;
  for (const FigureCells::Position& position : cells.positions) {
    widest =
        std::max(widest, page.painter().Measure(position.index, style).width);
  }
  constexpr double kAir = 3;
  const auto step =
      static_cast<std::size_t>(std::ceil((widest + kAir) / grid.cell_width));
  for (std::size_t c = 0; c < grid.columns; ++c) {
    if ((grid.columns - 1 - c) % step != 0) continue;
    page.AddText(cells.positions[c].index, style, Anchor::kMiddle,
                 Inside(grid.Cell(0, c)).middle_x(), y);
  }
}

void AddPositions(Page& page, const FigureCells& cells, const LensGrid& grid) {
  const double half = grid.LineHeight() / 2;
  const double index_y = grid.InputLine() + grid.LineHeight() + kHeadLine / 2;
  const double label = grid.left - kGap;
  TextStyle style = kSmallText;
  style.size = std::min(style.size, grid.text_size);
  page.AddText("next token", style, Anchor::kRight, label,
               grid.NextLine() + half);
  page.AddText("input", style, Anchor::kRight, label, grid.InputLine() + half);
  page.AddText("position", style, Anchor::kRight, label, index_y);
  for (std::size_t c = 0; c < grid.columns; ++c) {
    AddTokens(page, cells.positions[c], grid, c);
  }
  AddIndices(page, cells, grid, style, index_y);
}

Page Assemble(TextPainter painter, const FigureCells& cells,
              const LensGrid& grid) {
  Page page(std::move(painter), cells.title + ": " + cells.prompt);
  page.Resize(grid.width, grid.height);
  const double room = grid.width - 2 * kMargin;
  AddHeading(page, {cells.title, cells.prompt}, kMargin, kMargin, room);
  AddRows(page, cells, grid);
  AddPositions(page, cells, grid);
  grid.bar.AddTo(page, grid.left + grid.GridWidth() + 2 * kGap, grid.bottom(),
                 std::min(grid.GridHeight(), kTallestBar));
  AddNotes(page, cells.notes, kMargin,
           grid.bottom() + grid.LineHeight() + kHeadLine + kGap, room);
  return page;
}

Error TooSmall(const LensGrid& grid) {
  // A higher bar takes its title back from the notes.
  const double title = grid.bar.title.empty() ? kGap + kHeadLine : 0;
  const auto need = [](double all, double now, double least, std::size_t n) {
    const double missing =
        (least - std::min(least, now)) * static_cast<double>(n);
    return std::ceil((all + missing) / kPointsPerInch * 10) / 10;
  };
  return UsageError(fmt::format(
      "draw figure: {:g} x {:g} inches: {} position{} x {} rows need {:g} x "
      "{:g}; give a larger --figure-size, or fewer --positions and --layers",
      grid.width / kPointsPerInch, grid.height / kPointsPerInch, grid.columns,
      grid.columns == 1 ? "" : "s", grid.rows,
      need(grid.width + title, grid.cell_width, kLeastCellWidth, grid.columns),
      need(grid.height, grid.cell_height, kLeastCellHeight, grid.rows)));
}

// How many parts of `least` the room of `n` parts of `now` holds.
std::size_t Capacity(double now, std::size_t n, double least) {
  const double room = std::max(0.0, now * static_cast<double>(n));
  return static_cast<std::size_t>(room / least + 1e-9);
}

// Leaves out as much as `grid` is short of, where that was not asked for.
// False: nothing more can go.
bool Tighten(const LensReport& report, const FigureOptions& options,
             const LensGrid& grid, FigureLimits& limits) {
  const FigureLimits before = limits;
  if (grid.cell_width < grid.easy_width && !options.max_positions) {
    const std::size_t fit =
        Capacity(grid.cell_width, grid.columns, grid.easy_width);
    limits.positions = std::clamp<std::size_t>(fit, 1, grid.columns);
  }
  if (grid.cell_height < kLeastCellHeight && !options.layer_stride) {
    const std::size_t fit =
        Capacity(grid.cell_height, grid.rows, kLeastCellHeight);
    limits.layer_stride =
        std::max(limits.layer_stride, LeastStride(report.lens.rows, fit));
  }
  return limits.positions < before.positions ||
         limits.layer_stride > before.layer_stride;
}

}  // namespace

Result<Page> MakeLensFigure(const LensReport& report,
                            const FigureOptions& options) {
  const Lens& lens = report.lens;
  if (lens.rows.empty() || lens.positions.empty()) {
    return FailedError("draw figure: lens: it has no cells; nothing to draw");
  }
  PELLUCID_ASSIGN_OR_RETURN(TextPainter painter,
                            TextPainter::Create(FigurePrompt(report)));
  FigureLimits limits;
  limits.positions = std::min(lens.positions.size(),
                              options.max_positions.value_or(kMostPositions));
  limits.layer_stride =
      options.layer_stride.value_or(LeastStride(lens.rows, kMostRows));
  while (true) {
    FigureCells cells = TakeCells(report, options, limits);
    const LensGrid grid = LayOutGrid(painter, options, cells);
    if (Tighten(report, options, grid, limits)) continue;
    if (!grid.Legible()) return TooSmall(grid);
    return Assemble(std::move(painter), cells, grid);
  }
}

}  // namespace pellucid::render
