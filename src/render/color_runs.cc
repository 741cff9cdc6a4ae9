#include "render/color_runs.h"

#include <fmt/format.h>
#include <hb-ot.h>
#include <pango/pangocairo.h>

#include <cmath>
#include <utility>

namespace pellucid::render {
namespace {

constexpr double kPixelsPerPoint = 6;  // 432 an inch: sharp in print

double Points(int units) { return static_cast<double>(units) / PANGO_SCALE; }

std::string KeyOf(const PangoGlyphItem& run) {
  PangoFontDescription* font = pango_font_describe(run.item->analysis.font);
  char* name = pango_font_description_to_string(font);
  std::string key = name;
  g_free(name);
  pango_font_description_free(font);
  for (int i = 0; i < run.glyphs->num_glyphs; ++i) {
    key += fmt::format(",{}", run.glyphs->glyphs[i].glyph);
  }
  return key;
}

void ShowGlyphs(cairo_t* cairo, const PangoGlyphItem& run, double x,
                double baseline) {
  cairo_move_to(cairo, x, baseline);
  pango_cairo_show_glyph_string(cairo, run.item->analysis.font, run.glyphs);
}

}  // namespace

bool IsColored(const PangoGlyphItem& run) {
  hb_font_t* font = pango_font_get_hb_font(run.item->analysis.font);
  if (font == nullptr) return false;
  hb_face_t* face = hb_font_get_face(font);
  return hb_ot_color_has_png(face) || hb_ot_color_has_layers(face) ||
         hb_ot_color_has_svg(face);
}

void ColorRuns::Draw(cairo_t* cairo, PangoLayout* layout, double x, double y) {
  const bool pixels = cairo_surface_get_type(cairo_get_target(cairo)) ==
                      CAIRO_SURFACE_TYPE_IMAGE;
  if (pixels) {
    cairo_move_to(cairo, x, y);
    pango_cairo_show_layout(cairo, layout);
    return;
  }
  PangoLayoutIter* at = pango_layout_get_iter(layout);
  do {
    const PangoLayoutRun* run = pango_layout_iter_get_run_readonly(at);
    if (run == nullptr) continue;  // the end of a line
    PangoRectangle box;
    pango_layout_iter_get_run_extents(at, nullptr, &box);
    const double left = x + Points(box.x);
    const double baseline = y + Points(pango_layout_iter_get_baseline(at));
    if (IsColored(*run)) {
      DrawColored(cairo, *run, left, baseline);
    } else {
      ShowGlyphs(cairo, *run, left, baseline);
    }
  } while (pango_layout_iter_next_run(at));
  pango_layout_iter_free(at);
}

void ColorRuns::DrawColored(cairo_t* cairo, const PangoGlyphItem& run, double x,
                            double baseline) {
  PangoRectangle ink, box;
  pango_glyph_string_extents(run.glyphs, run.item->analysis.font, &ink, &box);
  // A point of air, so that smoothing is not cut off.
  const double left = std::floor(Points(ink.x)) - 1;
  const double top = std::floor(Points(ink.y)) - 1;
  const double width = std::ceil(Points(ink.width)) + 3;
  const double height = std::ceil(Points(ink.height)) + 3;
  Picture& picture = pictures_[KeyOf(run)];
  if (picture == nullptr) {
    picture.reset(cairo_image_surface_create(
        CAIRO_FORMAT_ARGB32, static_cast<int>(width * kPixelsPerPoint),
        static_cast<int>(height * kPixelsPerPoint)));
    cairo_t* to = cairo_create(picture.get());
    cairo_scale(to, kPixelsPerPoint, kPixelsPerPoint);
    ShowGlyphs(to, run, -left, -top);
    cairo_destroy(to);
  }
  cairo_save(cairo);
  cairo_translate(cairo, x + left, baseline + top);
  cairo_scale(cairo, 1 / kPixelsPerPoint, 1 / kPixelsPerPoint);
  cairo_set_source_surface(cairo, picture.get(), 0, 0);
  cairo_paint(cairo);
  cairo_restore(cairo);
}

}  // namespace pellucid::render
