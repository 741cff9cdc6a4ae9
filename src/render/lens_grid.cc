#include "render/lens_grid.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "render/figure_style.h"
#include "render/figure_text.h"

namespace pellucid::render {
namespace {

constexpr double kTextSize = 8, kLargestText = 10;
constexpr double kCellHeight = 15;
constexpr double kHeightPerSize = 1.6;  // of a cell that is squeezed
constexpr double kCellPadding = 4;      // left and right of a cell's text
constexpr double kNarrowestCell = 34;
constexpr double kWidestCell = 76;       // longer tokens get an ellipsis
constexpr double kComfortable = 800;     // a grid that needs no thrift
constexpr double kThriftyShare = 0.9;    // of the texts of a wide grid, whole
constexpr double kSqueezedShare = 0.97;  // for which text gets smaller
constexpr double kLeastPageWidth = 400;  // so that title and notes have room
constexpr double kWidestLabel = 120;

// Of all texts of columns at kTextSize.
struct TextWidths {
  std::vector<double> all;  // ascending
  double byte = 0;          // the widest of single bytes, 0 without any
};

// "<0xE2>", as DisplayText shows it, with a blank before it or without.
bool IsByte(std::string_view text) {
  constexpr std::string_view kBlank = "\u00b7";
  if (text.starts_with(kBlank)) text.remove_prefix(kBlank.size());
  return text.size() == 6 && text.starts_with("<0x") && text.ends_with('>');
}

TextWidths MeasureTexts(const TextPainter& painter, const FigureCells& cells) {
  TextWidths widths;
  const auto take = [&](const std::string& text, bool bold) {
    TextStyle style = kTokenText;
    style.bold = bold;
    const double width = painter.Measure(text, style).width;
    widths.all.push_back(width);
    if (IsByte(text)) widths.byte = std::max(widths.byte, width);
  };
  for (const FigureCells::Row& row : cells.rows) {
    for (const FigureCells::Cell& cell : row.cells) take(cell.text, false);
  }
  for (const FigureCells::Position& position : cells.positions) {
    take(position.input, true);
    take(position.next, position.hit);
  }
  std::sort(widths.all.begin(), widths.all.end());
  return widths;
}

// The width that `share` of `widths` do not pass.
double ShareOf(const std::vector<double>& widths, double share) {
  if (widths.empty()) return 0;
  const double last = static_cast<double>(widths.size() - 1);
  return widths[static_cast<std::size_t>(std::lround(last * share))];
}

double LabelWidth(const TextPainter& painter, const FigureCells& cells) {
  double widest = painter.Measure("next token", kSmallText).width;
  for (const FigureCells::Row& row : cells.rows) {
    widest = std::max(widest, painter.Measure(row.label, kTokenText).width);
  }
  return std::ceil(std::min(widest, kWidestLabel));
}

double NaturalCellWidth(const TextWidths& widths, std::size_t columns) {
  const auto cell = [&](double text) {
    const double held = std::ceil(std::max(text, widths.byte));
    return std::clamp(held + 2 * kCellPadding, kNarrowestCell, kWidestCell);
  };
  const double whole = cell(ShareOf(widths.all, 1));
  const double count = static_cast<double>(columns);
  if (whole * count <= kComfortable) return whole;
  return std::max(cell(ShareOf(widths.all, kThriftyShare)),
                  std::min(whole, std::floor(kComfortable / count)));
}

// The largest text that cells of that height hold, smaller where narrow cells
// would cut most of their texts, or a byte.
double FittingTextSize(const LensGrid& grid, const TextWidths& widths) {
  const double by_height = grid.cell_height / kHeightPerSize;
  const double text =
      std::max(ShareOf(widths.all, kSqueezedShare), widths.byte) / kTextSize;
  const double by_width =
      text > 0 ? (grid.cell_width - kCellPadding) / text : by_height;
  return std::clamp(std::min(by_height, std::max(by_width, kLeastTextSize)),
                    kLeastTextSize, kLargestText);
}

// What stands above and below the cells.
double Above(const TextPainter& painter, const FigureCells& cells,
             const LensGrid& grid) {
  const double room = grid.width - 2 * kMargin;
  return std::ceil(kMargin +
                   HeadingHeight(painter, {cells.title, cells.prompt}, room) +
                   grid.LineHeight() + kHitLine);
}
double Below(const TextPainter& painter, const FigureCells& cells,
             const LensGrid& grid) {
  const double room = grid.width - 2 * kMargin;
  return grid.LineHeight() + kHeadLine + kGap +
         NotesHeight(painter, cells.notes, room) + kMargin;
}

double RightOf(const TextPainter& painter, const LensGrid& grid) {
  return 2 * kGap + grid.bar.Width(painter) + kMargin;
}

// Cells share what the rest leaves of a page of the size asked for.
void Squeeze(const TextPainter& painter, const FigureSize& size,
             const FigureCells& cells, const TextWidths& widths,
             LensGrid& grid) {
  grid.width = size.width;
  grid.height = size.height;
  grid.cell_width = (grid.width - grid.left - RightOf(painter, grid)) /
                    static_cast<double>(grid.columns);
  grid.top = Above(painter, cells, grid);
  grid.cell_height = (grid.height - grid.top - Below(painter, cells, grid)) /
                     static_cast<double>(grid.rows);
  grid.easy_width = std::max(
      kEasyCellWidth, widths.byte / kTextSize * kLeastTextSize + kCellPadding);
  grid.text_size = FittingTextSize(grid, widths);
}

void Grow(const TextPainter& painter, const FigureCells& cells,
          const TextWidths& widths, LensGrid& grid) {
  grid.cell_width = NaturalCellWidth(widths, grid.columns);
  grid.cell_height = kCellHeight;
  grid.width = std::max(kLeastPageWidth,
                        grid.left + grid.GridWidth() + RightOf(painter, grid));
  grid.top = Above(painter, cells, grid);
  grid.height =
      std::ceil(grid.top + grid.GridHeight() + Below(painter, cells, grid));
}

}  // namespace

Rect LensGrid::Cell(std::size_t row, std::size_t column) const {
  return {left + cell_width * static_cast<double>(column),
          top + cell_height * static_cast<double>(rows - row - 1), cell_width,
          cell_height};
}

LensGrid LayOutGrid(const TextPainter& painter, const FigureOptions& options,
                    FigureCells& cells) {
  LensGrid grid;
  grid.columns = cells.positions.size();
  grid.rows = cells.rows.size();
  grid.text_size = kTextSize;
  grid.left = kMargin + kHeadLine + LabelWidth(painter, cells) + kGap;
  grid.bar = {options.colormap, cells.bar_title, cells.ticks};
  const TextWidths widths = MeasureTexts(painter, cells);
  const auto lay_out = [&] {
    if (options.size) {
      Squeeze(painter, *options.size, cells, widths, grid);
    } else {
      Grow(painter, cells, widths, grid);
    }
  };
  lay_out();
  if (!grid.bar.TitleFits(painter, grid.GridHeight())) {
    cells.notes.insert(cells.notes.begin(), "Shade: " + cells.bar_title);
    grid.bar.title.clear();
    lay_out();
  }
  grid.bar.FitTicks(std::min(grid.GridHeight(), kTallestBar));
  return grid;
}

}  // namespace pellucid::render
