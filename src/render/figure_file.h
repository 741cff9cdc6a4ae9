// A page as the bytes of an SVG, PNG or PDF file.
//
// SVG holds every text as outlines, so it looks the same wherever it is shown,
// whatever fonts are there; PDF embeds the glyphs, so its text can be searched
// and copied; both hold emoji as small pictures (render/color_runs.h). Equal
// pages and equal fonts give equal bytes: no dates, no process-wide numbers.
#ifndef PELLUCID_RENDER_FIGURE_FILE_H_
#define PELLUCID_RENDER_FIGURE_FILE_H_

#include <optional>
#include <string>
#include <string_view>

#include "pellucid/result.h"
#include "render/page.h"

namespace pellucid::render {

enum class FigureFormat { kSvg, kPng, kPdf };

// By the ending of `path`, in any case: ".svg", ".png", ".pdf". Nothing:
// another one.
std::optional<FigureFormat> FormatOfPath(std::string_view path);

// Cairo's limit of an image's sides, and ours of its memory: 256 MB.
inline constexpr double kMaxImageSide = 32767;
inline constexpr double kMaxImagePixels = 64.0 * 1024 * 1024;
// Points: PDF's own limit is 200 inches (ISO 32000-1, annex C).
inline constexpr double kMaxPdfSide = 14400;

// The whole file. `scale`: pixels a CSS pixel (1/96 inch) of a PNG, so 1 is
// the size that a browser shows the SVG in, 2 suits dense screens and print
// wants 3. kUsage: a PNG or PDF larger than above. kFailed: out of memory.
Result<std::string> WriteFigure(const Page& page, FigureFormat format,
                                double scale);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_FIGURE_FILE_H_
