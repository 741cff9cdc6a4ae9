#include "render/heatmap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "render/color_bar.h"
#include "render/display_text.h"
#include "render/figure_style.h"
#include "render/figure_text.h"
#include "render/wrap_text.h"

namespace pellucid::render {
namespace {

constexpr double kEasyWidth = 26, kEasyHeight = 13;  // of a cell
constexpr double kLeastWidth = 3, kLeastHeight = 3;
constexpr double kWidestLabel = 110;
constexpr double kTallestColumnLabel = 70;
constexpr double kLine = 0.4;  // of white between cells
constexpr double kMostCells = 400000;

struct Layout {
  double width = 0, height = 0;  // of the page
  double left = 0, top = 0;      // of the cells
  double cell_width = 0, cell_height = 0;
  ColorBar bar;

  double bottom(std::size_t rows) const {
    return top + cell_height * static_cast<double>(rows);
  }
  double right(std::size_t columns) const {
    return left + cell_width * static_cast<double>(columns);
  }
};

double WidestOf(const TextPainter& painter,
                const std::vector<std::string>& texts) {
  double widest = 0;
  for (const std::string& text : texts) {
    widest = std::max(widest, painter.Measure(text, kTokenText).width);
  }
  return std::ceil(widest);
}

// Ends, the middle and the marks; a mark takes the place of a tick that it
// would touch.
std::vector<MetricScale::Tick> TicksOf(const Heatmap& heatmap) {
  constexpr double kApart = 0.09;
  const Heatmap::Range range = heatmap.range();
  std::vector<MetricScale::Tick> ticks;
  for (const Heatmap::Mark& mark : heatmap.marks) {
    if (!std::isfinite(mark.value)) continue;
    ticks.push_back({range.Shade(mark.value),
                     fmt::format("{} {}", ShortNumber(mark.value), mark.name)});
  }
  for (const double at : {0.0, 0.5, 1.0}) {
    const bool free = std::ranges::none_of(ticks, [&](const auto& tick) {
      return std::fabs(tick.at - at) < kApart;
    });
    if (!free) continue;
    ticks.push_back(
        {at, ShortNumber(range.low + at * (range.high - range.low))});
  }
  std::ranges::sort(ticks, {}, &MetricScale::Tick::at);
  return ticks;
}

// Labels that would touch the next are left out: every few stay, the last
// among them.
std::size_t StepOf(double size, double room) {
  return std::max<std::size_t>(
      1, static_cast<std::size_t>(std::ceil(size / room)));
}

bool ColumnsStand(const TextPainter& painter, const Heatmap& heatmap,
                  double cell_width) {
  return WidestOf(painter, heatmap.columns) + 3 > cell_width;
}

Layout LayOut(const TextPainter& painter, const Heatmap& heatmap,
              const HeatmapOptions& options) {
  Layout at;
  const auto rows = static_cast<double>(heatmap.rows.size());
  const auto columns = static_cast<double>(heatmap.columns.size());
  at.bar = {heatmap.colors(options.colormap), heatmap.value_title,
            TicksOf(heatmap)};
  const double label =
      std::min(WidestOf(painter, heatmap.rows) + 1, kWidestLabel);
  const double titles = heatmap.row_title.empty() ? 0 : kHeadLine;
  at.left = kMargin + titles + label + kGap;
  const double right = 2 * kGap + at.bar.Width(painter) + kMargin;
  const double easy = std::clamp(420 / std::max(columns, 1.0), 6.0, kEasyWidth);
  at.width = options.size ? options.size->width
                          : std::max(at.left + easy * columns + right, 300.0);
  at.cell_width = options.size ? (at.width - at.left - right) / columns : easy;
  const double room = at.width - 2 * kMargin;
  at.top = kMargin +
           HeadingHeight(painter, {heatmap.title, heatmap.prompt}, room) + kGap;
  const double names =
      ColumnsStand(painter, heatmap, at.cell_width)
          ? std::min(WidestOf(painter, heatmap.columns), kTallestColumnLabel)
          : kHeadLine;
  const double below = names + kGap +
                       (heatmap.column_title.empty() ? 0 : kHeadLine) + kGap +
                       NotesHeight(painter, heatmap.notes, room) + kMargin;
  const double easy_height =
      std::clamp(480 / std::max(rows, 1.0), 6.0, kEasyHeight);
  at.height = options.size ? options.size->height
                           : std::ceil(at.top + easy_height * rows + below);
  at.cell_height =
      options.size ? (at.height - at.top - below) / rows : easy_height;
  at.bar.FitTicks(at.cell_height * rows);
  return at;
}

void AddCells(Page& page, const Heatmap& heatmap, const Layout& at,
              Colormap colormap) {
  const Heatmap::Range range = heatmap.range();
  TextStyle style = kTokenText;
  style.size = std::min(style.size - 1.5, at.cell_height * 0.62);
  const bool numbers = at.cell_width >= 20 && style.size >= 4;
  const double line = at.cell_width > 8 && at.cell_height > 6 ? kLine : 0;
  for (std::size_t r = 0; r < heatmap.rows.size(); ++r) {
    for (std::size_t c = 0; c < heatmap.columns.size(); ++c) {
      const double value = heatmap.values[r][c];
      const Rect cell = {at.left + at.cell_width * static_cast<double>(c),
                         at.top + at.cell_height * static_cast<double>(r),
                         at.cell_width, at.cell_height};
      const Rgb color =
          std::isfinite(value) ? ColorOf(colormap, range.Shade(value)) : kPale;
      page.AddRect({cell.x, cell.y, cell.width - line, cell.height - line},
                   color);
      if (!numbers || !std::isfinite(value)) continue;
      style.color = TextColorOn(color);
      page.AddTextWithin({cell.x + 1, cell.y, cell.width - 2, cell.height},
                         range.Text(value), style);
    }
  }
}

void AddLabels(Page& page, const Heatmap& heatmap, const Layout& at) {
  const TextPainter& painter = page.painter();
  TextStyle style = kTokenText;
  const std::size_t n = heatmap.rows.size(), m = heatmap.columns.size();
  const std::size_t row_step = StepOf(kHeadLine - 2, at.cell_height);
  const double label_room =
      at.left - kGap - kMargin - (heatmap.row_title.empty() ? 0 : kHeadLine);
  for (std::size_t r = 0; r < n; ++r) {
    if ((n - 1 - r) % row_step != 0) continue;
    page.AddText(heatmap.rows[r], Within(style, label_room + 0.5),
                 Anchor::kRight, at.left - kGap,
                 at.top + at.cell_height * (static_cast<double>(r) + 0.5));
  }
  const bool stand = ColumnsStand(painter, heatmap, at.cell_width);
  const std::size_t column_step =
      stand ? StepOf(kHeadLine - 2, at.cell_width) : 1;
  const double bottom = at.bottom(n) + kGap / 2;
  double depth = kHeadLine;
  for (std::size_t c = 0; c < m; ++c) {
    if ((m - 1 - c) % column_step != 0) continue;
    const double x = at.left + at.cell_width * (static_cast<double>(c) + 0.5);
    if (!stand) {
      page.AddText(heatmap.columns[c], style, Anchor::kMiddle, x,
                   bottom + kHeadLine / 2);
      continue;
    }
    const TextStyle cut = Within(style, kTallestColumnLabel);
    const double length = painter.Measure(heatmap.columns[c], cut).width;
    page.AddUpwards(heatmap.columns[c], cut, x, bottom + length / 2);
    depth = std::max(depth, length);
  }
  if (!heatmap.column_title.empty()) {
    page.AddText(heatmap.column_title, kSmallText, Anchor::kMiddle,
                 (at.left + at.right(m)) / 2, bottom + depth + kHeadLine / 2);
  }
  if (!heatmap.row_title.empty()) {
    page.AddUpwards(heatmap.row_title, kSmallText, kMargin + kHeadLine / 2 - 1,
                    (at.top + at.bottom(n)) / 2);
  }
}

Error TooSmall(const Heatmap& heatmap, const Layout& at) {
  return UsageError(fmt::format(
      "draw figure: {:.4g} x {:.4g} inches: {} rows x {} columns have no room; "
      "give a larger --figure-size, or fewer rows and columns",
      at.width / kPointsPerInch, at.height / kPointsPerInch,
      heatmap.rows.size(), heatmap.columns.size()));
}

// Columns of a terminal that all cells take.
std::size_t CellColumns(const Heatmap& heatmap) {
  const Heatmap::Range range = heatmap.range();
  std::size_t widest = 1;
  for (const auto& row : heatmap.values) {
    for (const double value : row) {
      widest = std::max(widest, range.Text(value).size());
    }
  }
  for (const std::string& column : heatmap.columns) {
    widest = std::max(widest, std::min<std::size_t>(DisplayWidth(column), 8));
  }
  return widest;
}

}  // namespace

Heatmap::Range Heatmap::range() const {
  Range range{std::numeric_limits<double>::infinity(),
              -std::numeric_limits<double>::infinity()};
  const auto add = [&](double value) {
    if (!std::isfinite(value)) return;
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  };
  for (const auto& row : values) {
    for (const double value : row) add(value);
  }
  for (const Mark& mark : marks) add(mark.value);
  if (limits) {
    range.low = limits->first;
    range.high = limits->second;
  }
  if (range.low > range.high) return {};
  if (is_signed) {
    range.high = std::max(std::fabs(range.low), std::fabs(range.high));
    range.low = -range.high;
  }
  if (range.low == range.high) range.high = range.low + 1;
  return range;
}

std::string Heatmap::Range::Text(double value) const {
  constexpr double kHundredth = 0.01, kMost = 99999;
  if (!std::isfinite(value)) return "";
  if (std::fabs(value) > kMost) return fmt::format("{:.1e}", value);
  const double digits = std::ceil(-std::log10((high - low) * kHundredth));
  std::string text = fmt::format(
      "{:.{}f}", value, static_cast<int>(std::clamp(digits, 0.0, 6.0)));
  // A zero that rounding left has no sign.
  if (text.starts_with('-') &&
      text.find_first_not_of("-0.") == std::string::npos) {
    text.erase(0, 1);
  }
  return text;
}

std::string ShortNumber(double value) {
  if (!std::isfinite(value)) return "";
  const double size = std::fabs(value);
  if (size == 0) return "0";
  if (size < 0.001 || size >= 99999.5) return fmt::format("{:.0e}", value);
  if (size < 9.995) return fmt::format("{:.2f}", value);
  if (size < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

Result<Page> MakeHeatmapFigure(const Heatmap& heatmap,
                               const HeatmapOptions& options) {
  const auto cells = static_cast<double>(heatmap.rows.size()) *
                     static_cast<double>(heatmap.columns.size());
  if (cells == 0) {
    return FailedError(
        "draw figure: heatmap: it has no cells; nothing to draw");
  }
  if (cells > kMostCells) {
    return UsageError(fmt::format(
        "draw figure: {} rows x {} columns: more than {} cells; ask for fewer",
        heatmap.rows.size(), heatmap.columns.size(), kMostCells));
  }
  PELLUCID_ASSIGN_OR_RETURN(TextPainter painter,
                            TextPainter::Create(heatmap.prompt));
  const Layout at = LayOut(painter, heatmap, options);
  if (at.cell_width < kLeastWidth || at.cell_height < kLeastHeight) {
    return TooSmall(heatmap, at);
  }
  Page page(std::move(painter), heatmap.title + ": " + heatmap.prompt);
  page.Resize(at.width, at.height);
  const double room = at.width - 2 * kMargin;
  AddHeading(page, {heatmap.title, heatmap.prompt}, kMargin, kMargin, room);
  AddCells(page, heatmap, at, heatmap.colors(options.colormap));
  AddLabels(page, heatmap, at);
  const double grid = at.cell_height * static_cast<double>(heatmap.rows.size());
  at.bar.AddTo(page, at.right(heatmap.columns.size()) + 2 * kGap,
               at.bottom(heatmap.rows.size()), grid);
  const double notes = NotesHeight(page.painter(), heatmap.notes, room);
  AddNotes(page, heatmap.notes, kMargin, at.height - kMargin - notes, room);
  return page;
}

std::string HeatmapTable(const Heatmap& heatmap, std::size_t width,
                         ColorMode color) {
  const Heatmap::Range range = heatmap.range();
  const std::size_t cell = CellColumns(heatmap);
  std::size_t label = DisplayWidth(heatmap.row_title);
  for (const std::string& row : heatmap.rows) {
    label = std::max(label, DisplayWidth(row));
  }
  label = std::min<std::size_t>(label, 24);
  const std::size_t all = heatmap.columns.size();
  std::size_t shown = all;
  if (width > 0) {
    const std::size_t room = width > label ? width - label : 0;
    shown = std::clamp<std::size_t>(room / (cell + 1), 1, all);
  }
  const std::size_t first = all - shown;
  std::string out;
  for (const std::string& line : WrapText(heatmap.title, width)) {
    out += line + "\n";
  }
  out += PadRight(heatmap.row_title, label);
  for (std::size_t c = first; c < all; ++c) {
    out += " " + PadLeft(Truncate(heatmap.columns[c], cell), cell);
  }
  out += "\n";
  for (std::size_t r = 0; r < heatmap.rows.size(); ++r) {
    out += PadRight(Truncate(heatmap.rows[r], label), label);
    for (std::size_t c = first; c < all; ++c) {
      const double value = heatmap.values[r][c];
      const std::string text = PadLeft(range.Text(value), cell);
      out += " ";
      if (std::isfinite(value)) {
        out += Shaded(heatmap.colors(), range.Shade(value), color) + text;
        out += Reset(color);
      } else {
        out += text;
      }
    }
    out += "\n";
  }
  std::vector<std::string> notes = heatmap.notes;
  if (first > 0) {
    notes.push_back(fmt::format(
        "The first {} column{} no room here; --json and --csv have all", first,
        first == 1 ? " has" : "s have"));
  }
  for (const std::string& note : notes) {
    for (const std::string& line : WrapText(note, width)) out += line + "\n";
  }
  return out;
}

}  // namespace pellucid::render
