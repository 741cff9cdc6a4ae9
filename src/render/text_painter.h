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
#include "render/color_runs.h"
#include "render/palette.h"
#include "render/rect.h"

namespace pellucid::render {

struct TextStyle {
  double size = 8;  // of the font
  bool bold = false;
  Rgb color;
  double max_width = 0;  // 0: unlimited
  int max_lines = 1;     // longer text wraps, then ends in an ellipsis
};

// What a text takes. `ink` is where it is black, seen from the upper left
// corner of its box: stacked accents leave that box.
struct Extent {
  double width = 0, height = 0;
  Rect ink;
};

// Where a point lies in the text's box: at its left, middle or right; the
// vertical is always the middle.
enum class Anchor { kLeft, kMiddle, kRight };

// Uses Pango's font map of the calling thread: not to be passed to another.
class TextPainter {
 public:
  // Chinese, Japanese and Korean share characters that each writes its own
  // way: `sample`, the prompt, decides (kana: Japanese; hangul: Korean; else
  // Chinese, simplified). kFailed: this machine has no font at all (Pango would
  // draw empty boxes).
  static Result<TextPainter> Create(std::string_view sample = {});

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

  TextPainter(Context context, std::string families)
      : context_(std::move(context)),
        families_(std::move(families)),
        color_runs_(std::make_unique<ColorRuns>()) {}
  Layout MakeLayout(std::string_view text, const TextStyle& style) const;

  Context context_;
  std::string families_;                   // fonts by preference
  std::unique_ptr<ColorRuns> color_runs_;  // emoji drawn so far
};

void SetColor(cairo_t* cairo, Rgb color);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TEXT_PAINTER_H_
