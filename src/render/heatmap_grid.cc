#include "render/heatmap_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "render/color_bar.h"
#include "render/figure_style.h"
#include "render/figure_text.h"

namespace pellucid::render {
namespace {

constexpr double kEasyCell = 13;     // a square
constexpr double kLeastCell = 1;     // of which a pattern can still be seen
constexpr double kLabelledCell = 5;  // from here on every row has its label
constexpr double kEasyPage = 700;    // points across that cells share
constexpr double kWidestLabel = 70;
constexpr double kBetween = 10;  // panels
constexpr double kLine = 0.4;    // of white between cells
constexpr double kMostCells = 400000;
constexpr double kTallestBar = 200;

struct Layout {
  double width = 0, height = 0;  // of the page
  double left = 0, top = 0;      // of the first panel's title
  double cell = 0;
  double label_size = 0;
  std::size_t columns = 0, rows = 0;  // of a panel
  std::size_t across = 1, down = 1;   // panels
  ColorBar bar;

  double PanelWidth() const { return cell * static_cast<double>(columns); }
  double PanelHeight() const { return cell * static_cast<double>(rows); }
  Rect Panel(std::size_t i) const {
    const auto x = static_cast<double>(i % across);
    const auto y = static_cast<double>(i / across);
    return {left + x * (PanelWidth() + kBetween),
            top + kHeadLine + y * (PanelHeight() + kHeadLine + kGap),
            PanelWidth(), PanelHeight()};
  }
  double right() const { return Panel(across - 1).right(); }
  double bottom() const { return Panel(across * down - 1).bottom(); }
};

TextStyle LabelStyle(double size) {
  TextStyle style = kTokenText;
  style.size = size;
  return Within(style, kWidestLabel);
}

double WidestOf(const TextPainter& painter,
                const std::vector<std::string>& labels, double size) {
  double widest = 0;
  for (const std::string& label : labels) {
    widest = std::max(widest, painter.Measure(label, LabelStyle(size)).width);
  }
  return std::ceil(widest);
}

std::vector<MetricScale::Tick> TicksOf(const Heatmap::Range& range) {
  std::vector<MetricScale::Tick> ticks;
  for (const double at : {0.0, 0.5, 1.0}) {
    ticks.push_back(
        {at, ShortNumber(range.low + at * (range.high - range.low))});
  }
  return ticks;
}

Layout LayOut(const TextPainter& painter, const HeatmapGrid& grid,
              const HeatmapOptions& options) {
  const Heatmap& shared = grid.shared;
  Layout at;
  at.columns = shared.columns.size();
  at.rows = shared.rows.size();
  at.across = std::min(grid.across, grid.panels.size());
  at.down = (grid.panels.size() + at.across - 1) / at.across;
  at.bar = {shared.colors(options.colormap), shared.value_title,
            TicksOf(shared.range())};
  const auto across = static_cast<double>(at.across);
  const auto down = static_cast<double>(at.down);
  const auto cells_across = across * static_cast<double>(at.columns);
  const auto cells_down = down * static_cast<double>(at.rows);
  at.cell = std::clamp(kEasyPage / cells_across, 2.0, kEasyCell);
  at.label_size = std::clamp(at.cell * 0.75, 4.5, kTokenText.size);
  const double titles = shared.row_title.empty() ? 0 : kHeadLine;
  at.left =
      kMargin + titles + WidestOf(painter, shared.rows, at.label_size) + kGap;
  const double right = 2 * kGap + at.bar.Width(painter) + kMargin;
  const double between = kBetween * (across - 1);
  if (options.size) {
    at.width = options.size->width;
    at.cell = (at.width - at.left - right - between) / cells_across;
  } else {
    at.width =
        std::max(at.left + at.cell * cells_across + between + right, 320.0);
  }
  const double room = at.width - 2 * kMargin;
  at.top =
      kMargin + HeadingHeight(painter, {shared.title, shared.prompt}, room);
  const double titles_down = down * kHeadLine + (down - 1) * kGap;
  const double below = kGap + WidestOf(painter, shared.columns, at.label_size) +
                       (shared.column_title.empty() ? 0 : kHeadLine) + kGap +
                       NotesHeight(painter, shared.notes, room) + kMargin;
  if (options.size) {
    at.height = options.size->height;
    at.cell = std::min(at.cell,
                       (at.height - at.top - titles_down - below) / cells_down);
  } else {
    at.height = std::ceil(at.top + titles_down + at.cell * cells_down + below);
  }
  at.label_size = std::clamp(at.cell * 0.75, 4.5, kTokenText.size);
  return at;
}

void AddCells(Page& page, const HeatmapGrid& grid, const Layout& at) {
  const Heatmap::Range range = grid.shared.range();
  const double line = at.cell > 6 ? kLine : 0;
  for (std::size_t i = 0; i < grid.panels.size(); ++i) {
    const HeatmapGrid::Panel& panel = grid.panels[i];
    const Rect area = at.Panel(i);
    page.AddText(panel.title, Within(kSmallText, area.width + kBetween),
                 Anchor::kMiddle, area.middle_x(), area.y - kHeadLine / 2);
    for (std::size_t r = 0; r < at.rows; ++r) {
      for (std::size_t c = 0; c < at.columns; ++c) {
        const double value = panel.values[r][c];
        if (!std::isfinite(value)) continue;
        page.AddRect({area.x + at.cell * static_cast<double>(c),
                      area.y + at.cell * static_cast<double>(r), at.cell - line,
                      at.cell - line},
                     ColorOf(at.bar.colormap, range.Shade(value)));
      }
    }
  }
}

// Of `count` labels those that have room, the last among them.
std::size_t StepOf(const Layout& at) {
  return std::max<std::size_t>(
      1, static_cast<std::size_t>(std::ceil(kLabelledCell / at.cell)));
}

void AddRowLabels(Page& page, const HeatmapGrid& grid, const Layout& at,
                  const Rect& area) {
  const std::size_t step = StepOf(at);
  for (std::size_t r = 0; r < at.rows; ++r) {
    if ((at.rows - 1 - r) % step != 0) continue;
    page.AddText(grid.shared.rows[r], LabelStyle(at.label_size), Anchor::kRight,
                 area.x - kGap / 2,
                 area.y + at.cell * (static_cast<double>(r) + 0.5));
  }
}

void AddColumnLabels(Page& page, const HeatmapGrid& grid, const Layout& at,
                     const Rect& area) {
  const std::size_t step = StepOf(at);
  const TextStyle style = LabelStyle(at.label_size);
  // Numbers of heads lie; texts stand.
  const bool lie =
      WidestOf(page.painter(), grid.shared.columns, at.label_size) < at.cell;
  for (std::size_t c = 0; c < at.columns; ++c) {
    if ((at.columns - 1 - c) % step != 0) continue;
    const std::string& label = grid.shared.columns[c];
    if (lie) {
      page.AddText(label, style, Anchor::kMiddle,
                   area.x + at.cell * (static_cast<double>(c) + 0.5),
                   area.bottom() + kGap / 2 + at.label_size / 2);
      continue;
    }
    const double length = page.painter().Measure(label, style).width;
    page.AddUpwards(label, style,
                    area.x + at.cell * (static_cast<double>(c) + 0.5),
                    area.bottom() + kGap / 2 + length / 2);
  }
}

void AddLabels(Page& page, const HeatmapGrid& grid, const Layout& at) {
  const std::size_t count = grid.panels.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (i % at.across == 0) AddRowLabels(page, grid, at, at.Panel(i));
    if (i + at.across >= count) AddColumnLabels(page, grid, at, at.Panel(i));
  }
  const Heatmap& shared = grid.shared;
  if (!shared.row_title.empty()) {
    page.AddUpwards(shared.row_title, kSmallText, kMargin + kHeadLine / 2 - 1,
                    (at.top + at.bottom()) / 2);
  }
  if (shared.column_title.empty()) return;
  const double depth = WidestOf(page.painter(), shared.columns, at.label_size);
  page.AddText(shared.column_title, kSmallText, Anchor::kMiddle,
               (at.left + at.right()) / 2,
               at.bottom() + kGap + depth + kHeadLine / 2);
}

Status CheckCells(const HeatmapGrid& grid) {
  const auto cells = static_cast<double>(grid.panels.size()) *
                     static_cast<double>(grid.shared.rows.size()) *
                     static_cast<double>(grid.shared.columns.size());
  if (cells == 0) {
    return FailedError(
        "draw figure: heatmaps: they have no cells; nothing to draw");
  }
  if (cells <= kMostCells) return {};
  return UsageError(fmt::format(
      "draw figure: {} panels of {} x {} cells: more than {} cells in all; ask "
      "for fewer panels, or a smaller matrix",
      grid.panels.size(), grid.shared.rows.size(), grid.shared.columns.size(),
      kMostCells));
}

}  // namespace

Result<Page> MakeHeatmapGridFigure(const HeatmapGrid& grid,
                                   const HeatmapOptions& options) {
  PELLUCID_RETURN_IF_ERROR(CheckCells(grid));
  const Heatmap& shared = grid.shared;
  PELLUCID_ASSIGN_OR_RETURN(TextPainter painter,
                            TextPainter::Create(shared.prompt));
  Layout at = LayOut(painter, grid, options);
  if (at.cell < kLeastCell) {
    return UsageError(fmt::format(
        "draw figure: {:.4g} x {:.4g} inches: {} panels of {} x {} cells have "
        "no room; give a larger --figure-size, or fewer panels",
        at.width / kPointsPerInch, at.height / kPointsPerInch,
        grid.panels.size(), at.rows, at.columns));
  }
  Page page(std::move(painter), shared.title + ": " + shared.prompt);
  page.Resize(at.width, at.height);
  const double room = at.width - 2 * kMargin;
  AddHeading(page, {shared.title, shared.prompt}, kMargin, kMargin, room);
  AddCells(page, grid, at);
  AddLabels(page, grid, at);
  const Rect first = at.Panel(0);
  const double bar =
      std::min(std::max(at.bottom() - first.y, 40.0), kTallestBar);
  at.bar.FitTicks(bar);
  at.bar.AddTo(page, at.right() + 2 * kGap, first.y + bar, bar);
  const double notes = NotesHeight(page.painter(), shared.notes, room);
  AddNotes(page, shared.notes, kMargin, at.height - kMargin - notes, room);
  return page;
}

}  // namespace pellucid::render
