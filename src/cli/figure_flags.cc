#include "cli/figure_flags.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/quote.h"
#include "render/figure_style.h"
#include "render/lens_figure.h"
#include "render/target_figure.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kMaxCount = std::numeric_limits<std::int32_t>::max();
constexpr double kLeastScale = 0.1, kMostScale = 20;
constexpr double kLeastInches = 1, kMostInches = 200;  // PDF ends there

std::optional<double> ParseDecimal(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] =
      std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

Error Idle(const Arguments& arguments, std::string_view option,
           std::string_view without) {
  return arguments.Problem(
      option, fmt::format("changes nothing without {}; add that, or leave this "
                          "out",
                          without));
}

// Options that only change a figure, where there is none.
Status CheckUse(const Arguments& arguments, const FigureFlags& flags) {
  const auto needs = [&](std::string_view option, std::string_view what) {
    return Idle(arguments, option, what);
  };
  if (!flags.plot) {
    if (flags.max_positions > 0) return needs("--max-positions", "--plot");
    if (flags.layer_stride > 0) return needs("--layer-stride", "--plot");
    if (!flags.colormap.empty()) return needs("--colormap", "--plot");
  }
  if (!flags.plot_target && flags.target_positions) {
    return needs("--plot-target-positions", "--plot-target");
  }
  if (flags.any()) return {};
  constexpr std::string_view kEither = "--plot or --plot-target";
  if (flags.size) return needs("--figure-size", kEither);
  if (flags.scale) return needs("--plot-scale", kEither);
  if (!flags.format.empty()) return needs("--plot-format", kEither);
  return {};
}

std::optional<std::size_t> IfGiven(std::size_t number) {
  return number > 0 ? std::optional<std::size_t>(number) : std::nullopt;
}

}  // namespace

Result<double> ParsePlotScale(const Arguments& arguments,
                              const std::string& text) {
  const auto scale = ParseDecimal(text);
  if (scale && *scale >= kLeastScale && *scale <= kMostScale) return *scale;
  return arguments.Problem(
      "--plot-scale",
      fmt::format("\"{}\" is no number from {} to {}; give one, e.g. 2",
                  Quote(text), kLeastScale, kMostScale));
}

Result<render::FigureSize> ParseFigureSize(const Arguments& arguments,
                                           const std::string& text) {
  const auto in_range = [](const std::optional<double>& inches) {
    return inches && *inches >= kLeastInches && *inches <= kMostInches;
  };
  const std::size_t cross = text.find('x');
  if (cross != std::string::npos) {
    const auto width = ParseDecimal(std::string_view(text).substr(0, cross));
    const auto height = ParseDecimal(std::string_view(text).substr(cross + 1));
    if (in_range(width) && in_range(height)) {
      return render::FigureSize{*width * render::kPointsPerInch,
                                *height * render::kPointsPerInch};
    }
  }
  return arguments.Problem(
      "--figure-size",
      fmt::format("\"{}\" is no width and height in inches, each from {} to "
                  "{}; give e.g. 6.5x4",
                  Quote(text), kLeastInches, kMostInches));
}

Result<render::FigureFormat> FigureFormatFor(const Arguments& arguments,
                                             const std::string& format,
                                             std::string_view option,
                                             const std::string& path) {
  if (!format.empty()) {
    return render::FormatOfPath("." + format)
        .value_or(render::FigureFormat::kSvg);
  }
  if (const auto known = render::FormatOfPath(path)) return *known;
  return arguments.Problem(
      option, fmt::format("\"{}\" does not end in .svg, .png or .pdf; name "
                          "such a file, or add --plot-format",
                          Quote(path)));
}

std::vector<std::pair<std::string, std::string>> FigureFlags::Destinations()
    const {
  std::vector<std::pair<std::string, std::string>> out;
  if (plot) out.emplace_back("--plot", *plot);
  if (plot_target) out.emplace_back("--plot-target", *plot_target);
  return out;
}

void AddFigureFlags(Arguments& arguments, FigureFlags* flags) {
  arguments.Text("--plot", "F.svg|png|pdf", &flags->plot,
                 "draw the table as a figure");
  arguments.Text("--plot-target", "F.svg|png|pdf", &flags->plot_target,
                 "draw --metric (prob, logprob, logit or rank) of each target "
                 "over the layers as lines; without targets, of the final "
                 "row's top-1 at the last position");
  arguments.Text("--plot-target-positions", "POSITIONS",
                 &flags->target_positions,
                 "positions that --plot-target draws, one line style each, at "
                 "most 4, and with several at most 7 targets; default: the "
                 "last listed one");
  arguments.Choice("--plot-format", {"svg", "png", "pdf"}, &flags->format,
                   "format of the figures; default: by the file's ending");
  arguments.Text("--plot-scale", "X", &flags->scale,
                 "pixels of a PNG, as a multiple of the 96 an inch of "
                 "browsers; default: 2");
  arguments.Text("--figure-size", "WxH", &flags->size,
                 "width and height of a figure in inches, e.g. 6.5x4: text "
                 "gets smaller and is cut; default: as the content needs");
  arguments.Number("--max-positions", "N", 1, kMaxCount, &flags->max_positions,
                   "columns of --plot: the leftmost go first; default: 60, "
                   "fewer where --figure-size holds fewer");
  arguments.Number("--layer-stride", "N", 1, kMaxCount, &flags->layer_stride,
                   "rows of --plot: every Nth layer, and the last; default: "
                   "1, more where the rows are too many");
  arguments.Choice("--colormap", {"viridis", "cividis"}, &flags->colormap,
                   "colours of --plot; default: viridis");
}

Result<FigurePlan> PlanFigures(const Arguments& arguments,
                               const FigureFlags& flags,
                               render::Metric metric) {
  PELLUCID_RETURN_IF_ERROR(CheckUse(arguments, flags));
  FigurePlan plan;
  plan.options.metric = metric;
  if (flags.colormap == "cividis") {
    plan.options.colormap = render::Colormap::kCividis;
  }
  plan.options.max_positions = IfGiven(flags.max_positions);
  plan.options.layer_stride = IfGiven(flags.layer_stride);
  if (flags.size) {
    PELLUCID_ASSIGN_OR_RETURN(plan.options.size,
                              ParseFigureSize(arguments, *flags.size));
  }
  if (flags.scale) {
    PELLUCID_ASSIGN_OR_RETURN(plan.scale,
                              ParsePlotScale(arguments, *flags.scale));
  }
  if (flags.plot) {
    PELLUCID_ASSIGN_OR_RETURN(
        plan.plot,
        FigureFormatFor(arguments, flags.format, "--plot", *flags.plot));
  }
  if (flags.plot_target) {
    PELLUCID_ASSIGN_OR_RETURN(
        plan.plot_target, FigureFormatFor(arguments, flags.format,
                                          "--plot-target", *flags.plot_target));
  }
  if (flags.scale && plan.plot != render::FigureFormat::kPng &&
      plan.plot_target != render::FigureFormat::kPng) {
    return Idle(arguments, "--plot-scale", "a PNG");
  }
  if (!flags.plot_target) return plan;
  if (metric == render::Metric::kEntropy || metric == render::Metric::kKl) {
    return arguments.Problem("--plot-target",
                             "draws a number of tokens, which entropy and kl "
                             "are not; give --metric prob, logprob, logit or "
                             "rank");
  }
  if (flags.target_positions) {
    PELLUCID_ASSIGN_OR_RETURN(
        plan.target_positions,
        Selection::Parse(*flags.target_positions,
                         arguments.command() + ": --plot-target-positions"));
  }
  return plan;
}

Result<std::string> DrawPlot(const render::LensReport& report,
                             const FigurePlan& plan) {
  PELLUCID_ASSIGN_OR_RETURN(const render::Page page,
                            render::MakeLensFigure(report, plan.options));
  return render::WriteFigure(page, plan.plot, plan.scale);
}

Result<std::string> DrawPlotTarget(const render::LensReport& report,
                                   const FigurePlan& plan) {
  render::TargetFigureOptions options;
  options.metric = plan.options.metric;
  options.size = plan.options.size;
  if (plan.target_positions) {
    PELLUCID_ASSIGN_OR_RETURN(options.positions, plan.target_positions->Resolve(
                                                     report.lens.ids.size()));
  }
  PELLUCID_ASSIGN_OR_RETURN(const render::Page page,
                            render::MakeTargetFigure(report, options));
  return render::WriteFigure(page, plan.plot_target, plan.scale);
}

}  // namespace pellucid::cli
