#include "render/figure_file.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

namespace pellucid::render {
namespace {

constexpr double kCssPixelsPerPoint = 96.0 / 72.0;

struct Destroy {
  void operator()(cairo_surface_t* surface) const {
    cairo_surface_destroy(surface);
  }
  void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
};
using Surface = std::unique_ptr<cairo_surface_t, Destroy>;
using Context = std::unique_ptr<cairo_t, Destroy>;

cairo_status_t Append(void* out, const unsigned char* data,
                      unsigned int length) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(data),
                                         length);
  return CAIRO_STATUS_SUCCESS;
}

Status CheckStatus(cairo_status_t status, std::string_view format) {
  if (status == CAIRO_STATUS_SUCCESS) return {};
  return FailedError(
      fmt::format("draw figure: {}: {}; free some memory and try again", format,
                  cairo_status_to_string(status)));
}

// Draws `page` on a surface that streams to a file, and ends that file.
Status DrawTo(const Surface& surface, const Page& page,
              std::string_view format) {
  const Context cairo(cairo_create(surface.get()));
  page.Draw(cairo.get());
  PELLUCID_RETURN_IF_ERROR(CheckStatus(cairo_status(cairo.get()), format));
  cairo_surface_finish(surface.get());
  return CheckStatus(cairo_surface_status(surface.get()), format);
}

// `text` as the content of an XML element.
std::string XmlText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

// Cairo numbers surfaces through the life of the process and writes the
// numbers as ids: of the page, to which nobody refers, and of pictures. They
// become their order in the file.
std::string WithOwnNumbers(const std::string& svg) {
  constexpr std::string_view kNames[] = {" id=\"surface", " id=\"image",
                                         "=\"#image"};
  std::map<std::string, std::size_t> numbers;
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = svg.find('"'); at != std::string::npos;
       at = svg.find('"', at + 1)) {
    for (const std::string_view name : kNames) {
      const std::size_t quote = name.find('"');
      if (at < quote || svg.compare(at - quote, name.size(), name) != 0) {
        continue;
      }
      const std::size_t begin = at - quote + name.size();
      const std::size_t end = svg.find('"', begin);
      if (end == std::string::npos) return svg;
      const auto known =
          numbers.emplace(svg.substr(begin, end - begin), numbers.size());
      out.append(svg, done, begin - done);
      out += std::to_string(known.first->second);
      done = end;
    }
  }
  return out.append(svg, done);
}

// For screen readers and tooltips: the first child of the root names it.
void InsertTitle(const std::string& title, std::string& svg) {
  const std::size_t root = svg.find("<svg ");
  if (root == std::string::npos) return;
  const std::size_t end = svg.find('>', root);
  if (end == std::string::npos) return;
  svg.insert(end + 1, "\n<title>" + XmlText(title) + "</title>");
}

Result<std::string> Svg(const Page& page) {
  std::string svg;
  const Surface surface(cairo_svg_surface_create_for_stream(
      Append, &svg, page.width(), page.height()));
  PELLUCID_RETURN_IF_ERROR(DrawTo(surface, page, "SVG"));
  svg = WithOwnNumbers(svg);
  InsertTitle(page.title(), svg);
  return svg;
}

Result<std::string> Pdf(const Page& page) {
  if (std::max(page.width(), page.height()) > kMaxPdfSide) {
    return UsageError(fmt::format(
        "draw figure: PDF: {:.0f} x {:.0f} points are too many, at most {:.0f} "
        "a side; give a --figure-size, fewer --positions, or a .svg file",
        page.width(), page.height(), kMaxPdfSide));
  }
  std::string pdf;
  const Surface surface(cairo_pdf_surface_create_for_stream(
      Append, &pdf, page.width(), page.height()));
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_TITLE,
                                 page.title().c_str());
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE,
                                 "");  // none: equal figures, equal files
  PELLUCID_RETURN_IF_ERROR(DrawTo(surface, page, "PDF"));
  return pdf;
}

Result<std::string> Png(const Page& page, double scale) {
  const double zoom = scale * kCssPixelsPerPoint;
  const double width = std::max(1.0, std::round(page.width() * zoom));
  const double height = std::max(1.0, std::round(page.height() * zoom));
  if (std::max(width, height) > kMaxImageSide ||
      width * height > kMaxImagePixels) {
    return UsageError(fmt::format(
        "draw figure: PNG: {:.0f} x {:.0f} pixels are too many, at most {:.0f} "
        "a side and {:.0f} in all; give a smaller --plot-scale than {:g}, "
        "fewer --positions, or a .svg or .pdf file",
        width, height, kMaxImageSide, kMaxImagePixels, scale));
  }
  const Surface surface(cairo_image_surface_create(
      CAIRO_FORMAT_RGB24, static_cast<int>(width), static_cast<int>(height)));
  const Context cairo(cairo_create(surface.get()));
  cairo_scale(cairo.get(), width / page.width(), height / page.height());
  page.Draw(cairo.get());
  PELLUCID_RETURN_IF_ERROR(CheckStatus(cairo_status(cairo.get()), "PNG"));
  std::string png;
  PELLUCID_RETURN_IF_ERROR(CheckStatus(
      cairo_surface_write_to_png_stream(surface.get(), Append, &png), "PNG"));
  return png;
}

}  // namespace

std::optional<FigureFormat> FormatOfPath(std::string_view path) {
  if (path.size() < 4) return std::nullopt;
  std::string ending(path.substr(path.size() - 4));
  for (char& c : ending) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (ending == ".svg") return FigureFormat::kSvg;
  if (ending == ".png") return FigureFormat::kPng;
  if (ending == ".pdf") return FigureFormat::kPdf;
  return std::nullopt;
}

Result<std::string> WriteFigure(const Page& page, FigureFormat format,
                                double scale) {
  switch (format) {
    case FigureFormat::kSvg:
      return Svg(page);
    case FigureFormat::kPdf:
      return Pdf(page);
    case FigureFormat::kPng:
      break;
  }
  return Png(page, scale);
}

}  // namespace pellucid::render
