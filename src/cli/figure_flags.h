// The options of figures: where they go, in which format, how large, and what
// of a lens they show. Shared by every command that draws.
#ifndef PELLUCID_CLI_FIGURE_FLAGS_H_
#define PELLUCID_CLI_FIGURE_FLAGS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/arguments.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "render/figure_cells.h"
#include "render/figure_file.h"
#include "render/lens_report.h"
#include "render/metric.h"

namespace pellucid::cli {

struct FigureFlags {
  std::optional<std::string> plot, plot_target;  // destinations
  std::optional<std::string> scale, size, target_positions;
  std::size_t max_positions = 0, layer_stride = 0;  // 0: not given
  std::string format;                               // empty: by the ending
  std::string colormap;                             // empty: viridis

  bool any() const { return plot || plot_target; }
  // The figures asked for as (option, destination).
  std::vector<std::pair<std::string, std::string>> Destinations() const;
};

void AddFigureFlags(Arguments& arguments, FigureFlags* flags);

// Values of --plot-scale and --figure-size, and the format that `option` writes
// to `path`: by `format` (svg, png, pdf), or where that is empty by the ending.
// kUsage: none.
Result<double> ParsePlotScale(const Arguments& arguments,
                              const std::string& text);
Result<render::FigureSize> ParseFigureSize(const Arguments& arguments,
                                           const std::string& text);
Result<render::FigureFormat> FigureFormatFor(const Arguments& arguments,
                                             const std::string& format,
                                             std::string_view option,
                                             const std::string& path);

// The flags, checked.
struct FigurePlan {
  render::FigureOptions options;
  double scale = 2;  // pixels a CSS pixel (1/96 inch) of a PNG
  render::FigureFormat plot = render::FigureFormat::kSvg;
  render::FigureFormat plot_target = render::FigureFormat::kSvg;
  std::optional<Selection> target_positions;  // empty: the last listed one
};

// kUsage: a value that is none of the option's, an ending that names no
// format, a metric that --plot-target cannot draw, options of figures without
// one.
Result<FigurePlan> PlanFigures(const Arguments& arguments,
                               const FigureFlags& flags, render::Metric metric);

// The files' bytes. kUsage, kFailed: render/lens_figure.h,
// render/target_figure.h, render/figure_file.h.
Result<std::string> DrawPlot(const render::LensReport& report,
                             const FigurePlan& plan);
Result<std::string> DrawPlotTarget(const render::LensReport& report,
                                   const FigurePlan& plan);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_FIGURE_FLAGS_H_
