#include "render/chart.h"

#include <algorithm>
#include <cmath>

#include "render/figure_style.h"

namespace pellucid::render {
namespace {

constexpr double kTick = 3;  // length
const LineStyle kFrame = {.color = kGrey, .width = 0.8};
const LineStyle kAcross = {.color = kPale, .width = 0.6};

double TickWidth(const Axis& axis, const TextPainter& painter) {
  double widest = 0;
  for (const Axis::Tick& tick : axis.ticks()) {
    widest = std::max(widest, painter.Measure(tick.text, kSmallText).width);
  }
  return std::ceil(widest);
}

}  // namespace

double Chart::Left(const TextPainter& painter) const {
  return kHeadLine + kGap + TickWidth(y, painter) + kTick + 2;
}

double Chart::Below() const { return kTick + 2 * kHeadLine; }

void Chart::AddTo(Page& page) const {
  for (const Axis::Tick& tick : y.ticks()) {
    const double at = area.bottom() - area.height * y.At(tick.value);
    page.AddLine({{area.x, at}, {area.right(), at}}, kAcross);
    page.AddLine({{area.x - kTick, at}, {area.x, at}}, kFrame);
    page.AddText(tick.text, kSmallText, Anchor::kRight, area.x - kTick - 2, at);
  }
  for (const Axis::Tick& tick : x.ticks()) {
    const double at = area.x + area.width * x.At(tick.value);
    page.AddLine({{at, area.bottom()}, {at, area.bottom() + kTick}}, kFrame);
    page.AddText(tick.text, kSmallText, Anchor::kMiddle, at,
                 area.bottom() + kTick + kHeadLine / 2);
  }
  page.AddLine({{area.x, area.y},
                {area.x, area.bottom()},
                {area.right(), area.bottom()}},
               kFrame);
  page.AddText(x_title, kSmallText, Anchor::kMiddle, area.middle_x(),
               area.bottom() + kTick + kHeadLine * 1.5);
  page.AddUpwards(y_title, kSmallText,
                  area.x - Left(page.painter()) + kHeadLine / 2,
                  area.middle_y());
}

}  // namespace pellucid::render
