// A rectangle of a figure, in points from the upper left corner of the page,
// y downwards as in Cairo.
#ifndef PELLUCID_RENDER_RECT_H_
#define PELLUCID_RENDER_RECT_H_

namespace pellucid::render {

struct Rect {
  double x = 0, y = 0, width = 0, height = 0;

  double right() const { return x + width; }
  double bottom() const { return y + height; }
  double middle_x() const { return x + width / 2; }
  double middle_y() const { return y + height / 2; }

  // Whether `inner` lies within, give or take `slack`.
  bool Contains(const Rect& inner, double slack = 0) const {
    return inner.x >= x - slack && inner.y >= y - slack &&
           inner.right() <= right() + slack &&
           inner.bottom() <= bottom() + slack;
  }
};

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_RECT_H_
