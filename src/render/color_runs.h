// Draws a Pango layout so that emoji keep their colours and stay sharp.
//
// Fonts of colour emoji hold bitmaps. Cairo 1.16 puts them into an SVG or PDF
// at one pixel a point, a blur. Here such runs of glyphs are drawn once into a
// picture of six pixels a point and placed from there; all other text stays
// outlines. On an image surface Cairo's own way is right and is taken.
#ifndef PELLUCID_RENDER_COLOR_RUNS_H_
#define PELLUCID_RENDER_COLOR_RUNS_H_

#include <cairo.h>
#include <pango/pango.h>

#include <map>
#include <memory>
#include <string>

namespace pellucid::render {

class ColorRuns {
 public:
  // Draws `layout` with its upper left corner at (x, y), in the source that is
  // set. Equal runs share one picture, so a file holds each emoji once a size.
  void Draw(cairo_t* cairo, PangoLayout* layout, double x, double y);

 private:
  struct Destroy {
    void operator()(cairo_surface_t* surface) const {
      cairo_surface_destroy(surface);
    }
  };
  using Picture = std::unique_ptr<cairo_surface_t, Destroy>;

  void DrawColored(cairo_t* cairo, const PangoGlyphItem& run, double x,
                   double baseline);

  std::map<std::string, Picture> pictures_;  // by font and glyphs
};

// Whether the font of `run` has coloured glyphs.
bool IsColored(const PangoGlyphItem& run);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_COLOR_RUNS_H_
