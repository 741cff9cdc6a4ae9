#include "render/color_bar.h"

#include <algorithm>
#include <cmath>

#include "render/figure_style.h"

namespace pellucid::render {
namespace {

constexpr double kBarWidth = 10;
constexpr double kTickHeight = 11;  // of a label and some air
constexpr int kSteps = 64;          // of colour: no edge shows

double TickWidth(const ColorBar& bar, const TextPainter& painter) {
  double widest = 0;
  for (const MetricScale::Tick& tick : bar.ticks) {
    widest = std::max(widest, painter.Measure(tick.text, kSmallText).width);
  }
  return std::ceil(widest);
}

}  // namespace

double ColorBar::Width(const TextPainter& painter) const {
  const double title_width = title.empty() ? 0 : kGap + kHeadLine;
  return kBarWidth + kGap + TickWidth(*this, painter) + title_width;
}

void ColorBar::FitTicks(double height) {
  if (ticks.size() < 2) return;
  if (height < kTickHeight * static_cast<double>(ticks.size())) {
    ticks = {ticks.front(), ticks.back()};
  }
  if (height < kTickHeight) ticks = {ticks.back()};
}

bool ColorBar::TitleFits(const TextPainter& painter, double height) const {
  return painter.Measure(title, kSmallText).width <= height;
}

void ColorBar::AddTo(Page& page, double x, double bottom, double height) const {
  // Each step reaches below the next, so that no seam shows.
  const double step = height / kSteps;
  for (int i = kSteps - 1; i >= 0; --i) {
    page.AddRect({x, bottom - step * (i + 1), kBarWidth, step * (i + 1)},
                 ColorOf(colormap, (i + 0.5) / kSteps));
  }
  const double tick_x = x + kBarWidth + kGap / 2;
  for (const MetricScale::Tick& tick : ticks) {
    page.AddText(tick.text, kSmallText, Anchor::kLeft, tick_x,
                 bottom - height * tick.at);
  }
  const double width = TickWidth(*this, page.painter());
  const double half = page.painter().Measure(title, kSmallText).width / 2;
  page.AddUpwards(title, kSmallText,
                  tick_x + width + kGap / 2 + kHeadLine / 2 + kGap / 2,
                  bottom - std::max(height / 2, half));
}

}  // namespace pellucid::render
