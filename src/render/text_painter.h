// Text of a figure: measured, cut to a width, drawn. Thin over Pango, which
// shapes every script and finds a font for each character.
//
// Lengths are points (1/72 inch), the user unit of our figures. Hinting and
// the rounding of glyph positions are off, so that one layout serves SVG, PNG
// and PDF, and the same fonts give the same bytes.
#ifndef PELLUCID_RENDER_TEXT_PAINTER_H_
#define PELLUCID_RENDER_TEXT_PAINTER_H_

#include <cairo.h>
#include <pango/pango.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "pellucid/result.h"
#include "render/palette.h"

namespace pellucid::render {

struct TextStyle {
  double size = 8;  // of the font
  bool bold = false;
  Rgb color;
  double max_width = 0;  // 0: unlimited
  bool wrap = false;     // longer text: further lines; else an ellipsis
};

struct Extent {
  double width = 0, height = 0;
};

// Where a point lies in the text's box: at its left, middle or right; the
// vertical is always the middle.
enum class Anchor { kLeft, kMiddle, kRight };

// Uses Pango's font map of the calling thread: not to be passed to another.
class TextPainter {
 public:
  // kFailed: this machine has no font at all (Pango would draw empty boxes).
  static Result<TextPainter> Create();

  Extent Measure(std::string_view text, const TextStyle& style) const;
  // Draws `text` with its box's anchor at (x, y).
  void Draw(cairo_t* cairo, std::string_view text, const TextStyle& style,
            Anchor anchor, double x, double y) const;
  // The same, turned by a quarter so that it reads from bottom to top.
  void DrawUpwards(cairo_t* cairo, std::string_view text,
                   const TextStyle& style, double x, double y) const;

 private:
  struct Unref {
    void operator()(gpointer object) const { g_object_unref(object); }
  };
  using Context = std::unique_ptr<PangoContext, Unref>;
  using Layout = std::unique_ptr<PangoLayout, Unref>;

  explicit TextPainter(Context context) : context_(std::move(context)) {}
  Layout MakeLayout(std::string_view text, const TextStyle& style) const;

  Context context_;
};

void SetColor(cairo_t* cairo, Rgb color);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TEXT_PAINTER_H_
