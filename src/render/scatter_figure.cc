#include "render/scatter_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "render/chart.h"
#include "render/figure_style.h"
#include "render/figure_text.h"

namespace pellucid::render {
namespace {

constexpr double kWidth = 5 * kPointsPerInch;
constexpr double kLeastSide = 72;
constexpr double kDot = 1.8;
constexpr std::size_t kTicks = 5;
// Blue and grey differ in lightness too.
constexpr Rgb kDotColor{0x00, 0x72, 0xb2};

}  // namespace

Result<Page> MakeScatterFigure(const ScatterPlot& plot,
                               const std::optional<FigureSize>& size) {
  if (plot.points.empty()) {
    return FailedError("draw figure: scatter: it has no points");
  }
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& [x, y] : plot.points) {
    low = std::min({low, x, y});
    high = std::max({high, x, y});
  }
  PELLUCID_ASSIGN_OR_RETURN(TextPainter painter,
                            TextPainter::Create(plot.prompt));
  Chart chart{.x = Axis::Linear(low, high, kTicks),
              .y = Axis::Linear(low, high, kTicks),
              .x_title = plot.x_title,
              .y_title = plot.y_title};
  FigureSize page_size = size.value_or(FigureSize{kWidth, 0});
  const double room = page_size.width - 2 * kMargin;
  const double top =
      kMargin + HeadingHeight(painter, {plot.title, plot.prompt}, room) + kGap;
  const double left = kMargin + chart.Left(painter);
  const double below =
      chart.Below() + kGap + NotesHeight(painter, plot.notes, room) + kMargin;
  double side = page_size.width - left - kMargin;
  if (size) side = std::min(side, page_size.height - top - below);
  if (side < kLeastSide) {
    return UsageError(fmt::format(
        "draw figure: {:.4g} x {:.4g} inches: axes and notes need {:.2g} "
        "inches "
        "more; give a larger --figure-size",
        page_size.width / kPointsPerInch, page_size.height / kPointsPerInch,
        (kLeastSide - side) / kPointsPerInch + 0.05));
  }
  if (!size) page_size.height = std::ceil(top + side + below);
  chart.area = {left, top, side, side};
  Page page(std::move(painter), plot.title + ": " + plot.prompt);
  page.Resize(page_size.width, page_size.height);
  AddHeading(page, {plot.title, plot.prompt}, kMargin, kMargin, room);
  chart.AddTo(page);
  page.AddLine({chart.At(low, low), chart.At(high, high)},
               {.color = kGrey, .width = 0.8, .dashes = {3, 2}});
  for (const auto& [x, y] : plot.points) {
    page.AddDot(chart.At(x, y), kDot, kDotColor);
  }
  AddNotes(page, plot.notes, kMargin,
           chart.area.bottom() + chart.Below() + kGap, room);
  return page;
}

}  // namespace pellucid::render
