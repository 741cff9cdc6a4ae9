#include "render/text_painter.h"

#include <pango/pangocairo.h>

#include <utility>

#include "base/utf8.h"

namespace pellucid::render {
namespace {

constexpr double kPointsPerInch = 72;  // a point is one user unit

// The family that gives letters and digits; named, because what "Sans" means
// differs by machine. Where it is missing, "Sans" steps in.
constexpr const char* kFamily = "DejaVu Sans";

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

// Of the characters that Chinese, Japanese and Korean share, the shapes that
// the language of `sample` writes.
const char* CjkFamily(std::string_view sample) {
  const char* family = "Noto Sans CJK SC";
  for (std::size_t i = 0; i < sample.size();) {
    const Utf8Char next = DecodeUtf8(sample, i);
    i += next.bytes;
    if (next.code >= 0x3041 && next.code <= 0x30ff) return "Noto Sans CJK JP";
    if (next.code >= 0xac00 && next.code <= 0xd7a3) family = "Noto Sans CJK KR";
  }
  return family;
}

// The same in points, seen from the corner of `box`.
Rect Points(const PangoRectangle& inner, const PangoRectangle& box) {
  constexpr double kScale = PANGO_SCALE;
  return {(inner.x - box.x) / kScale, (inner.y - box.y) / kScale,
          inner.width / kScale, inner.height / kScale};
}

// `corner`, if asked for: where the box begins. Lines that read from the right
// stand at the right of the width that they may take.
Extent Size(PangoLayout* layout, Rect* corner = nullptr) {
  PangoRectangle ink, box;
  pango_layout_get_extents(layout, &ink, &box);
  const Rect whole = Points(box, {});
  if (corner != nullptr) *corner = whole;
  return {whole.width, whole.height, Points(ink, box)};
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

Result<TextPainter> TextPainter::Create(std::string_view sample) {
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
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  pango_cairo_context_set_font_options(context.get(), options);
  cairo_font_options_destroy(options);
  pango_cairo_context_set_resolution(context.get(), kPointsPerInch);
  pango_context_set_round_glyph_positions(context.get(), FALSE);
  std::string families = kFamily;
  families.append(",").append(CjkFamily(sample)).append(",Noto Sans,Sans");
  return TextPainter(std::move(context), std::move(families));
}

TextPainter::Layout TextPainter::MakeLayout(std::string_view text,
                                            const TextStyle& style) const {
  Layout layout(pango_layout_new(context_.get()));
  PangoFontDescription* font = pango_font_description_new();
  pango_font_description_set_family_static(font, families_.c_str());
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
    pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
    pango_layout_set_height(layout.get(), -style.max_lines);  // so many lines
    pango_layout_set_ellipsize(layout.get(), PANGO_ELLIPSIZE_END);
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
  Rect corner;
  const Extent size = Size(layout.get(), &corner);
  SetColor(cairo, style.color);
  color_runs_->Draw(cairo, layout.get(),
                    x + LeftEdge(anchor, size.width) - corner.x,
                    y - size.height / 2 - corner.y);
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
