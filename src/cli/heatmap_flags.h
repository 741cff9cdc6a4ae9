// The options of commands whose result is a matrix, or lines: where the picture
// of it goes, and how it looks.
#ifndef PELLUCID_CLI_HEATMAP_FLAGS_H_
#define PELLUCID_CLI_HEATMAP_FLAGS_H_

#include <optional>
#include <string>

#include "cli/arguments.h"
#include "pellucid/result.h"
#include "render/figure_file.h"
#include "render/heatmap.h"

namespace pellucid::cli {

struct HeatmapFlags {
  std::optional<std::string> plot, scale, size;
  std::string format;    // empty: by the ending
  std::string colormap;  // empty: viridis
};

// What --plot draws.
enum class PlotKind { kMatrix, kLines };

// --plot, --plot-format, --plot-scale, --figure-size and, of a matrix,
// --colormap.
void AddHeatmapFlags(Arguments& arguments, HeatmapFlags* flags,
                     PlotKind kind = PlotKind::kMatrix);

struct HeatmapPlan {
  render::HeatmapOptions options;
  double scale = 2;
  render::FigureFormat format = render::FigureFormat::kSvg;
};

// kUsage: a value that is none of the option's, an ending that names no format,
// options of a figure without one.
Result<HeatmapPlan> PlanHeatmap(const Arguments& arguments,
                                const HeatmapFlags& flags);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_HEATMAP_FLAGS_H_
