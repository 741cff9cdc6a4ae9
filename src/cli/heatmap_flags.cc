#include "cli/heatmap_flags.h"

#include "cli/figure_flags.h"

namespace pellucid::cli {

void AddHeatmapFlags(Arguments& arguments, HeatmapFlags* flags, PlotKind kind) {
  const bool matrix = kind == PlotKind::kMatrix;
  arguments.Text("--plot", "F.svg|png|pdf", &flags->plot,
                 matrix ? "draw the matrix as a figure"
                        : "draw it as lines over the layers");
  arguments.Choice("--plot-format", {"svg", "png", "pdf"}, &flags->format,
                   "format of the figure; default: by the file's ending");
  arguments.Text("--plot-scale", "X", &flags->scale,
                 "pixels of a PNG, as a multiple of the 96 an inch of "
                 "browsers; default: 2");
  arguments.Text("--figure-size", "WxH", &flags->size,
                 "width and height of the figure in inches, e.g. 6.5x4; "
                 "default: as its contents need");
  if (!matrix) return;
  arguments.Choice("--colormap", {"viridis", "cividis"}, &flags->colormap,
                   "colours of the figure; default: viridis");
}

Result<HeatmapPlan> PlanHeatmap(const Arguments& arguments,
                                const HeatmapFlags& flags) {
  HeatmapPlan plan;
  if (!flags.plot) {
    const char* idle = flags.scale               ? "--plot-scale"
                       : flags.size              ? "--figure-size"
                       : !flags.format.empty()   ? "--plot-format"
                       : !flags.colormap.empty() ? "--colormap"
                                                 : nullptr;
    if (idle == nullptr) return plan;
    return arguments.Problem(
        idle, "changes nothing without --plot; add that, or leave this out");
  }
  if (flags.colormap == "cividis") {
    plan.options.colormap = render::Colormap::kCividis;
  }
  if (flags.size) {
    PELLUCID_ASSIGN_OR_RETURN(plan.options.size,
                              ParseFigureSize(arguments, *flags.size));
  }
  if (flags.scale) {
    PELLUCID_ASSIGN_OR_RETURN(plan.scale,
                              ParsePlotScale(arguments, *flags.scale));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      plan.format,
      FigureFormatFor(arguments, flags.format, "--plot", *flags.plot));
  if (flags.scale && plan.format != render::FigureFormat::kPng) {
    return arguments.Problem("--plot-scale",
                             "changes nothing without a PNG; plot one, or "
                             "leave this out");
  }
  return plan;
}

}  // namespace pellucid::cli
