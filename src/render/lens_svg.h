// A lens as an SVG picture, every text as outlines: it looks the same wherever
// it is shown, whatever fonts are there.
#ifndef PELLUCID_RENDER_LENS_SVG_H_
#define PELLUCID_RENDER_LENS_SVG_H_

#include <string>

#include "render/lens_figure.h"
#include "render/lens_report.h"

namespace pellucid::render {

// The whole file. Equal input and equal fonts give equal bytes. kFailed: a
// lens without cells, no font installed, out of memory.
Result<std::string> LensSvg(const LensReport& report,
                            const FigureOptions& options = {});

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_LENS_SVG_H_
