// A chart of lines as a page: heading, chart, the legend beside it and notes
// below. What is special to a figure's lines (marks, styles) is the caller's;
// plain series are drawn by DrawSeries.
#ifndef PELLUCID_RENDER_LINE_CHART_H_
#define PELLUCID_RENDER_LINE_CHART_H_

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pellucid/result.h"
#include "render/chart.h"
#include "render/figure_cells.h"  // FigureSize
#include "render/page.h"

namespace pellucid::render {

// Okabe & Ito, "Color universal design" (2008), less its yellow, which is too
// pale for lines on white.
inline constexpr std::array<Rgb, 7> kLineColors = {{{0x00, 0x72, 0xb2},
                                                    {0xd5, 0x5e, 0x00},
                                                    {0x00, 0x9e, 0x73},
                                                    {0xcc, 0x79, 0xa7},
                                                    {0xe6, 0x9f, 0x00},
                                                    {0x56, 0xb4, 0xe9},
                                                    {0x00, 0x00, 0x00}}};
inline constexpr double kLineWidth = 1.4;
inline constexpr double kLineDot = 1.5;  // the radius of a point on a line

// One entry of the legend.
struct LineKey {
  std::string name;
  std::optional<LineStyle> line = {};  // of a line, else
  bool ring = false;                   // of a mark: a ring or a diamond
};

struct LineChart {
  std::string title, prompt;
  std::vector<LineKey> keys;
  std::vector<std::string> notes;
  Chart chart;  // its area is laid out by DrawLineChart
};

// Gives the chart what the rest leaves of `size` (empty: 6.5 inches wide), and
// calls `plot` for what is drawn in it. kUsage: a size too small for the axes.
// kFailed: no font installed.
Result<Page> DrawLineChart(
    LineChart parts, const std::optional<FigureSize>& size,
    const std::function<void(Page& page, const Chart& chart)>& plot);

// A named line with a dot at each point; `x` and `y` in the axes' units.
struct LineSeries {
  std::string name;
  std::vector<Point> points;
  std::size_t color = 0;  // of kLineColors, modulo
  bool dashed = false;
};

// A chart of these alone: their legend is put in front of parts.keys.
Result<Page> DrawSeries(LineChart parts, const std::vector<LineSeries>& series,
                        const std::optional<FigureSize>& size);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_LINE_CHART_H_
