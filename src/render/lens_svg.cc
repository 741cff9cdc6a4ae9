#include "render/lens_svg.h"

#include <cairo-svg.h>

#include <memory>
#include <string_view>

namespace pellucid::render {
namespace {

cairo_status_t Append(void* out, const unsigned char* data,
                      unsigned int length) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(data),
                                         length);
  return CAIRO_STATUS_SUCCESS;
}

// Cairo numbers its surfaces through the life of the process and writes that
// number as an id nobody refers to; the same figure must be the same file.
void DropSurfaceId(std::string& svg) {
  constexpr std::string_view kId = " id=\"surface";
  const std::size_t begin = svg.find(kId);
  if (begin == std::string::npos) return;
  const std::size_t end = svg.find('"', begin + kId.size());
  if (end != std::string::npos) svg.erase(begin, end + 1 - begin);
}

struct Destroy {
  void operator()(cairo_surface_t* surface) const {
    cairo_surface_destroy(surface);
  }
  void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
};

}  // namespace

Result<std::string> LensSvg(const LensReport& report,
                            const FigureOptions& options) {
  PELLUCID_ASSIGN_OR_RETURN(const LensFigure figure,
                            LensFigure::Layout(report, options));
  std::string svg;
  const std::unique_ptr<cairo_surface_t, Destroy> surface(
      cairo_svg_surface_create_for_stream(Append, &svg, figure.width(),
                                          figure.height()));
  const std::unique_ptr<cairo_t, Destroy> cairo(cairo_create(surface.get()));
  figure.Draw(cairo.get());
  const cairo_status_t drawn = cairo_status(cairo.get());
  cairo_surface_finish(surface.get());
  const cairo_status_t written = cairo_surface_status(surface.get());
  const cairo_status_t status = drawn != CAIRO_STATUS_SUCCESS ? drawn : written;
  if (status != CAIRO_STATUS_SUCCESS) {
    return FailedError(std::string("draw figure: SVG: ") +
                       cairo_status_to_string(status) +
                       "; free some memory and try again");
  }
  DropSurfaceId(svg);
  return svg;
}

}  // namespace pellucid::render
