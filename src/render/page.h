// A figure as a list of what stands on it. Laying out fills the list, drawing
// walks it: so one layout serves SVG, PNG and PDF, and a test can ask where
// each text lies instead of looking at pixels.
#ifndef PELLUCID_RENDER_PAGE_H_
#define PELLUCID_RENDER_PAGE_H_

#include <cairo.h>

#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "render/rect.h"
#include "render/text_painter.h"

namespace pellucid::render {

struct Point {
  double x = 0, y = 0;
};

struct LineStyle {
  Rgb color;
  double width = 0.6;
  std::vector<double> dashes = {};  // lengths on and off; none: solid
};

// Lengths are points; later things cover earlier ones.
class Page {
 public:
  struct Text {
    std::string text;
    TextStyle style;
    Anchor anchor = Anchor::kLeft;
    Point at;
    bool upwards = false;  // reads from bottom to top
    Rect box;              // what it takes on the page
    bool clipped = false;  // to its box: stacked marks would leave it
  };

  Page(TextPainter painter, std::string title)
      : painter_(std::move(painter)), title_(std::move(title)) {}

  void Resize(double width, double height) {
    width_ = width;
    height_ = height;
  }
  double width() const { return width_; }
  double height() const { return height_; }
  // For the file's own title.
  const std::string& title() const { return title_; }
  const TextPainter& painter() const { return painter_; }
  const std::vector<Text>& texts() const { return texts_; }

  void AddRect(const Rect& rect, Rgb color);
  void AddLine(std::vector<Point> points, const LineStyle& style);
  // A disc, or with `ring` its outline on white.
  void AddDot(Point at, double radius, Rgb color, bool ring = false);
  void AddDiamond(Point at, double radius, Rgb color);
  void AddText(std::string text, const TextStyle& style, Anchor anchor,
               double x, double y);
  void AddUpwards(std::string text, const TextStyle& style, double x, double y);
  // In the middle of `room`, which nothing of it leaves: cut to the width,
  // smaller where the script is too tall, and clipped where marks are stacked.
  void AddTextWithin(const Rect& room, std::string text, TextStyle style);

  // Draws the whole at the origin, on white.
  void Draw(cairo_t* cairo) const;

 private:
  struct Box {
    Rect rect;
    Rgb color;
  };
  struct Line {
    std::vector<Point> points;
    LineStyle style;
  };
  struct Mark {
    Point at;
    double radius;
    Rgb color;
    enum Shape { kDisc, kRing, kDiamond } shape;
  };
  using TextAt = std::size_t;  // of texts_
  using Item = std::variant<Box, Line, Mark, TextAt>;

  void DrawItem(cairo_t* cairo, const Box& box) const;
  void DrawItem(cairo_t* cairo, const Line& line) const;
  void DrawItem(cairo_t* cairo, const Mark& mark) const;
  void DrawItem(cairo_t* cairo, TextAt at) const;
  void Add(Text text);

  TextPainter painter_;
  std::string title_;
  double width_ = 0, height_ = 0;
  std::vector<Item> items_;
  std::vector<Text> texts_;
};

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_PAGE_H_
