// The legend of a shaded figure: a bar of all its colours, bright end up, with
// values beside it and what they are, its unit included.
#ifndef PELLUCID_RENDER_COLOR_BAR_H_
#define PELLUCID_RENDER_COLOR_BAR_H_

#include <string>
#include <vector>

#include "render/metric.h"
#include "render/page.h"

namespace pellucid::render {

struct ColorBar {
  Colormap colormap = Colormap::kViridis;
  std::string title;  // reads upwards; empty: none
  std::vector<MetricScale::Tick> ticks;

  // From the left of the bar to the right of its title.
  double Width(const TextPainter& painter) const;
  // Leaves out ticks that a bar of `height` has no room for, all but the ends.
  void FitTicks(double height);
  bool TitleFits(const TextPainter& painter, double height) const;
  // With its left edge at x, from `bottom` up. A long title reaches above the
  // bar, never below.
  void AddTo(Page& page, double x, double bottom, double height) const;
};

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_COLOR_BAR_H_
