#include "render/text_painter.h"

#include <pango/pangocairo.h>

#include <utility>

namespace pellucid::render {
namespace {

constexpr double kPointsPerInch = 72;  // a point is one user unit
constexpr const char* kFamily = "Sans";

// Whether there is any font. The list of families does not tell: generic names
// are always on it.
bool HasFonts(PangoFontMap* fonts, PangoContext* context) {
  PangoFontDescription* any = pango_font_description_from_string(kFamily);
  PangoFont* font = pango_font_map_load_font(fonts, context, any);
  pango_font_description_free(any);
  if (font == nullptr) return false;
  g_object_unref(font);
  return true;
}

Extent Size(PangoLayout* layout) {
  int width = 0, height = 0;
  pango_layout_get_size(layout, &width, &height);
  return {static_cast<double>(width) / PANGO_SCALE,
          static_cast<double>(height) / PANGO_SCALE};
}

double LeftEdge(Anchor anchor, double width) {
  switch (anchor) {
    case Anchor::kLeft:
      return 0;
    case Anchor::kMiddle:
      return -width / 2;
    case Anchor::kRight:
      return -width;
  }
  return 0;
}

}  // namespace

Result<TextPainter> TextPainter::Create() {
  PangoFontMap* fonts = pango_cairo_font_map_get_default();
  Context context(pango_font_map_create_context(fonts));
  if (!HasFonts(fonts, context.get())) {
    return FailedError(
        "draw figure: fonts: none is installed on this machine; install one, "
        "e.g. the package fonts-dejavu-core");
  }
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options(context.get(), options);
  cairo_font_options_destroy(options);
  pango_cairo_context_set_resolution(context.get(), kPointsPerInch);
  pango_context_set_round_glyph_positions(context.get(), FALSE);
  return TextPainter(std::move(context));
}

TextPainter::Layout TextPainter::MakeLayout(std::string_view text,
                                            const TextStyle& style) const {
  Layout layout(pango_layout_new(context_.get()));
  PangoFontDescription* font = pango_font_description_new();
  pango_font_description_set_family_static(font, kFamily);
  pango_font_description_set_size(font,
                                  static_cast<int>(style.size * PANGO_SCALE));
  if (style.bold) pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description(layout.get(), font);
  pango_font_description_free(font);
  pango_layout_set_text(layout.get(), text.data(),
                        static_cast<int>(text.size()));
  pango_layout_set_single_paragraph_mode(layout.get(), TRUE);
  if (style.max_width > 0) {
    pango_layout_set_width(layout.get(),
                           static_cast<int>(style.max_width * PANGO_SCALE));
    if (style.wrap) {
      pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
    } else {
      pango_layout_set_ellipsize(layout.get(), PANGO_ELLIPSIZE_END);
    }
  }
  return layout;
}

Extent TextPainter::Measure(std::string_view text,
                            const TextStyle& style) const {
  return Size(MakeLayout(text, style).get());
}

void TextPainter::Draw(cairo_t* cairo, std::string_view text,
                       const TextStyle& style, Anchor anchor, double x,
                       double y) const {
  const Layout layout = MakeLayout(text, style);
  const Extent size = Size(layout.get());
  SetColor(cairo, style.color);
  cairo_move_to(cairo, x + LeftEdge(anchor, size.width), y - size.height / 2);
  pango_cairo_show_layout(cairo, layout.get());
}

void TextPainter::DrawUpwards(cairo_t* cairo, std::string_view text,
                              const TextStyle& style, double x,
                              double y) const {
  constexpr double kQuarter = 1.5707963267948966;
  cairo_save(cairo);
  cairo_translate(cairo, x, y);
  cairo_rotate(cairo, -kQuarter);
  Draw(cairo, text, style, Anchor::kMiddle, 0, 0);
  cairo_restore(cairo);
}

void SetColor(cairo_t* cairo, Rgb color) {
  cairo_set_source_rgb(cairo, color.r / 255.0, color.g / 255.0,
                       color.b / 255.0);
}

}  // namespace pellucid::render
