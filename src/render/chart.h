// The frame of a chart: two axes with ticks, titles and pale lines across, and
// the way from values to the page. What is plotted in it is the caller's.
#ifndef PELLUCID_RENDER_CHART_H_
#define PELLUCID_RENDER_CHART_H_

#include <string>

#include "render/axis.h"
#include "render/page.h"

namespace pellucid::render {

struct Chart {
  Axis x, y;
  std::string x_title, y_title;
  Rect area = {};  // where values lie

  // Points left of the area: ticks and title of y. Below it: those of x.
  double Left(const TextPainter& painter) const;
  double Below() const;

  Point At(double x_value, double y_value) const {
    return {area.x + area.width * x.At(x_value),
            area.bottom() - area.height * y.At(y_value)};
  }
  void AddTo(Page& page) const;
};

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_CHART_H_
