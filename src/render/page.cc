#include "render/page.h"

#include <algorithm>

namespace pellucid::render {
namespace {

constexpr Rgb kWhite{255, 255, 255};
constexpr double kFullTurn = 6.283185307179586;
constexpr double kRingLine = 1.2;
constexpr double kLeastShare = 0.5;  // of the font's size, for tall scripts

double Left(Anchor anchor, double x, double width) {
  if (anchor == Anchor::kLeft) return x;
  return anchor == Anchor::kMiddle ? x - width / 2 : x - width;
}

void Trace(cairo_t* cairo, const std::vector<Point>& points) {
  cairo_new_path(cairo);
  for (const Point& point : points) cairo_line_to(cairo, point.x, point.y);
}

void Fill(cairo_t* cairo, Rgb color, const Rect& rect) {
  SetColor(cairo, color);
  cairo_rectangle(cairo, rect.x, rect.y, rect.width, rect.height);
  cairo_fill(cairo);
}

}  // namespace

void Page::AddRect(const Rect& rect, Rgb color) {
  items_.emplace_back(Box{rect, color});
}

void Page::AddLine(std::vector<Point> points, const LineStyle& style) {
  items_.emplace_back(Line{std::move(points), style});
}

void Page::AddDot(Point at, double radius, Rgb color, bool ring) {
  items_.emplace_back(
      Mark{at, radius, color, ring ? Mark::kRing : Mark::kDisc});
}

void Page::AddDiamond(Point at, double radius, Rgb color) {
  items_.emplace_back(Mark{at, radius, color, Mark::kDiamond});
}

void Page::Add(Text text) {
  if (text.text.empty()) return;
  items_.emplace_back(TextAt{texts_.size()});
  texts_.push_back(std::move(text));
}

void Page::AddText(std::string text, const TextStyle& style, Anchor anchor,
                   double x, double y) {
  const Extent size = painter_.Measure(text, style);
  const Rect box = {Left(anchor, x, size.width), y - size.height / 2,
                    size.width, size.height};
  Add({.text = std::move(text),
       .style = style,
       .anchor = anchor,
       .at = {x, y},
       .box = box});
}

void Page::AddUpwards(std::string text, const TextStyle& style, double x,
                      double y) {
  const Extent size = painter_.Measure(text, style);
  const Rect box = {x - size.height / 2, y - size.width / 2, size.height,
                    size.width};
  Add({.text = std::move(text),
       .style = style,
       .anchor = Anchor::kMiddle,
       .at = {x, y},
       .upwards = true,
       .box = box});
}

void Page::AddTextWithin(const Rect& room, std::string text, TextStyle style) {
  style.max_width = room.width;
  Extent size = painter_.Measure(text, style);
  if (size.height > room.height) {
    style.size *= std::max(room.height / size.height, kLeastShare);
    size = painter_.Measure(text, style);
  }
  Rect box = {room.middle_x() - size.width / 2,
              room.middle_y() - size.height / 2, size.width, size.height};
  const Rect ink = {box.x + size.ink.x, box.y + size.ink.y, size.ink.width,
                    size.ink.height};
  const bool clipped = !room.Contains(box, 0.01) || !room.Contains(ink, 0.5);
  if (clipped) box = room;
  Add({.text = std::move(text),
       .style = style,
       .anchor = Anchor::kMiddle,
       .at = {room.middle_x(), room.middle_y()},
       .box = box,
       .clipped = clipped});
}

void Page::Draw(cairo_t* cairo) const {
  Fill(cairo, kWhite, {0, 0, width_, height_});
  for (const Item& item : items_) {
    std::visit([&](const auto& one) { DrawItem(cairo, one); }, item);
  }
}

void Page::DrawItem(cairo_t* cairo, const Box& box) const {
  Fill(cairo, box.color, box.rect);
}

void Page::DrawItem(cairo_t* cairo, const Line& line) const {
  Trace(cairo, line.points);
  SetColor(cairo, line.style.color);
  cairo_set_line_width(cairo, line.style.width);
  cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
  cairo_set_dash(cairo, line.style.dashes.data(),
                 static_cast<int>(line.style.dashes.size()), 0);
  cairo_stroke(cairo);
}

void Page::DrawItem(cairo_t* cairo, const Mark& mark) const {
  const auto [x, y] = mark.at;
  const double r = mark.radius;
  if (mark.shape == Mark::kDiamond) {
    Trace(cairo, {{x - r, y}, {x, y - r}, {x + r, y}, {x, y + r}});
    cairo_close_path(cairo);
  } else {
    cairo_new_path(cairo);
    cairo_arc(cairo, x, y, r, 0, kFullTurn);
  }
  SetColor(cairo, mark.shape == Mark::kRing ? kWhite : mark.color);
  if (mark.shape != Mark::kRing) {
    cairo_fill(cairo);
    return;
  }
  cairo_fill_preserve(cairo);
  SetColor(cairo, mark.color);
  cairo_set_line_width(cairo, kRingLine);
  cairo_set_dash(cairo, nullptr, 0, 0);
  cairo_stroke(cairo);
}

void Page::DrawItem(cairo_t* cairo, TextAt at) const {
  const Text& text = texts_[at];
  if (text.clipped) {
    cairo_save(cairo);
    cairo_rectangle(cairo, text.box.x, text.box.y, text.box.width,
                    text.box.height);
    cairo_clip(cairo);
  }
  if (text.upwards) {
    painter_.DrawUpwards(cairo, text.text, text.style, text.at.x, text.at.y);
  } else {
    painter_.Draw(cairo, text.text, text.style, text.anchor, text.at.x,
                  text.at.y);
  }
  if (text.clipped) cairo_restore(cairo);
}

}  // namespace pellucid::render
