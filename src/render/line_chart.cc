#include "render/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "render/figure_style.h"
#include "render/figure_text.h"

namespace pellucid::render {
namespace {

constexpr double kPageWidth = 6.5 * kPointsPerInch;  // a column of text
constexpr double kChartHeight = 200;
constexpr double kLeastChartWidth = 90, kLeastChartHeight = 60;
constexpr double kKeyLine = 24;      // the line of a legend's entry
constexpr double kWidestName = 130;  // of a legend's entry
constexpr double kMark = 3.4;        // radius

double KeysWidth(const TextPainter& painter, const std::vector<LineKey>& keys) {
  double widest = 0;
  for (const LineKey& key : keys) {
    widest = std::max(widest, painter.Measure(key.name, kTokenText).width);
  }
  return kKeyLine + kGap + std::ceil(std::min(widest, kWidestName)) + 1;
}

// Of the chart, beside which a legend of `keys` has room.
double HeightFor(const std::vector<LineKey>& keys) {
  return kHeadLine * static_cast<double>(keys.size() - 1);
}

// Beside the chart, from its top down; what has no room is counted.
void AddKeys(Page& page, const std::vector<LineKey>& keys, const Rect& area,
             double x) {
  const auto room = static_cast<std::size_t>(
      std::max(1.0, (area.height + kHeadLine) / kHeadLine + 1e-9));
  const std::size_t shown = keys.size() <= room ? keys.size() : room - 1;
  double y = area.y + kHeadLine / 2;
  const double name_x = x + kKeyLine + kGap;
  const TextStyle style = Within(kTokenText, kWidestName + 1);
  for (std::size_t i = 0; i < shown; ++i, y += kHeadLine) {
    const Point middle = {x + kKeyLine / 2, y};
    if (keys[i].line) {
      page.AddLine({{x, y}, {x + kKeyLine, y}}, *keys[i].line);
    } else if (keys[i].ring) {
      page.AddDot(middle, kMark, kGrey, /*ring=*/true);
    } else {
      page.AddDiamond(middle, kMark, kGrey);
    }
    page.AddText(keys[i].name, style, Anchor::kLeft, name_x, y);
  }
  if (shown < keys.size()) {
    page.AddText(fmt::format("and {} more", keys.size() - shown), kSmallText,
                 Anchor::kLeft, name_x, y);
  }
}

FigureSize LayOut(const TextPainter& painter,
                  const std::optional<FigureSize>& wanted, LineChart& parts) {
  FigureSize size = wanted.value_or(FigureSize{kPageWidth, 0});
  const double room = size.width - 2 * kMargin;
  const double top = kMargin +
                     HeadingHeight(painter, {parts.title, parts.prompt}, room) +
                     kGap;
  const auto below = [&] {
    return parts.chart.Below() + kGap +
           NotesHeight(painter, parts.notes, room) + kMargin;
  };
  const double legend = HeightFor(parts.keys);
  if (!wanted) {
    size.height = std::ceil(top + std::max(kChartHeight, legend) + below());
  } else if (size.height - top - below() < legend) {
    parts.notes.emplace_back(
        "The whole legend has room in a larger --figure-size");
  }
  const double left = kMargin + parts.chart.Left(painter);
  const double right = 2 * kGap + KeysWidth(painter, parts.keys) + kMargin;
  parts.chart.area = {left, top, size.width - left - right,
                      size.height - top - below()};
  return size;
}

Error TooSmall(const FigureSize& size, const Rect& area) {
  const auto need = [](double all, double now, double least) {
    return std::ceil((all + std::max(0.0, least - now)) / kPointsPerInch * 10) /
           10;
  };
  return UsageError(fmt::format(
      "draw figure: {:.4g} x {:.4g} inches: axes, legend and notes need {:g} x "
      "{:g}; give a larger --figure-size",
      size.width / kPointsPerInch, size.height / kPointsPerInch,
      need(size.width, area.width, kLeastChartWidth),
      need(size.height, area.height, kLeastChartHeight)));
}

LineStyle StyleOf(const LineSeries& series) {
  return {kLineColors[series.color % kLineColors.size()], kLineWidth,
          series.dashed ? std::vector<double>{4, 2} : std::vector<double>{}};
}

}  // namespace

Result<Page> DrawLineChart(
    LineChart parts, const std::optional<FigureSize>& wanted,
    const std::function<void(Page& page, const Chart& chart)>& plot) {
  PELLUCID_ASSIGN_OR_RETURN(TextPainter painter,
                            TextPainter::Create(parts.prompt));
  const FigureSize size = LayOut(painter, wanted, parts);
  const Chart& chart = parts.chart;
  if (chart.area.width < kLeastChartWidth ||
      chart.area.height < kLeastChartHeight) {
    return TooSmall(size, chart.area);
  }
  Page page(std::move(painter), parts.title + ": " + parts.prompt);
  page.Resize(size.width, size.height);
  const double room = size.width - 2 * kMargin;
  AddHeading(page, {parts.title, parts.prompt}, kMargin, kMargin, room);
  chart.AddTo(page);
  plot(page, chart);
  AddKeys(page, parts.keys, chart.area, chart.area.right() + 2 * kGap);
  AddNotes(page, parts.notes, kMargin,
           chart.area.bottom() + chart.Below() + kGap, room);
  return page;
}

Result<Page> DrawSeries(LineChart parts, const std::vector<LineSeries>& series,
                        const std::optional<FigureSize>& size) {
  std::vector<LineKey> keys;
  for (const LineSeries& one : series) {
    keys.push_back({.name = one.name, .line = StyleOf(one)});
  }
  parts.keys.insert(parts.keys.begin(), keys.begin(), keys.end());
  return DrawLineChart(std::move(parts), size,
                       [&](Page& page, const Chart& chart) {
                         for (const LineSeries& one : series) {
                           std::vector<Point> points;
                           for (const Point& point : one.points) {
                             points.push_back(chart.At(point.x, point.y));
                           }
                           const LineStyle style = StyleOf(one);
                           page.AddLine(points, style);
                           for (const Point& point : points) {
                             page.AddDot(point, kLineDot, style.color);
                           }
                         }
                       });
}

}  // namespace pellucid::render
