#include "render/target_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "render/display_text.h"
#include "render/figure_style.h"
#include "render/figure_text.h"
#include "render/line_chart.h"
#include "render/target_lines.h"

namespace pellucid::render {
namespace {

constexpr double kMark = 3.4;  // radius

// Places have their styles; colours that come round again shift by one.
LineStyle StyleOf(const TargetLine& line) {
  const std::array<std::vector<double>, kMostTargetPositions> dashes = {
      {{}, {4, 2}, {1.2, 1.6}, {6, 2, 1.2, 2}}};
  return {
      kLineColors[line.token % kLineColors.size()], kLineWidth,
      dashes[(line.place + line.token / kLineColors.size()) % dashes.size()]};
}

std::string YTitle(Metric metric) {
  switch (metric) {
    case Metric::kProb:
      return "probability";
    case Metric::kLogprob:
      return "log-probability, nats";
    case Metric::kRank:
      return "rank, 1 = highest";
    default:
      return "logit";
  }
}

std::string TitleKind(Metric metric) {
  switch (metric) {
    case Metric::kProb:
      return "Probability by layer";
    case Metric::kLogprob:
      return "Log-probability by layer";
    case Metric::kRank:
      return "Rank by layer";
    default:
      return "Logit by layer";
  }
}

Axis YAxis(Metric metric, double low, double high) {
  constexpr std::size_t kTicks = 5;
  switch (metric) {
    case Metric::kProb:
      return Axis::Linear(0, high > 0 ? high : 1, kTicks,
                          Axis::Labels::kPercent);
    case Metric::kLogprob:
      return Axis::Linear(std::min(low, -1.0), 0, kTicks);
    case Metric::kRank:
      return Axis::Ranks(high);
    default:
      return Axis::Linear(low, high, kTicks);
  }
}

Chart MakeChart(const std::vector<TargetLine>& lines, Metric metric) {
  double low = INFINITY, high = -INFINITY;
  double first = INFINITY, last = -INFINITY;
  for (const TargetLine& line : lines) {
    for (const TargetLine::At& at : line.points) {
      low = std::min(low, at.value);
      high = std::max(high, at.value);
      first = std::min(first, std::floor(at.layer));
      last = std::max(last, std::ceil(at.layer));
    }
  }
  if (!(low <= high)) low = high = first = last = 0;  // no point at all
  return {.x = Axis::Layers(static_cast<int>(first), static_cast<int>(last), 8),
          .y = YAxis(metric, low, high),
          .x_title = "layer",
          .y_title = YTitle(metric)};
}

std::vector<LineKey> KeysOf(const std::vector<TargetLine>& lines) {
  std::vector<LineKey> keys;
  const bool several = lines.back().place > 0;
  bool hit = false, stable = false;
  for (const TargetLine& line : lines) {
    keys.push_back({.name = line.name, .line = StyleOf(line)});
    if (several) {
      keys.back().name += fmt::format(" at {}", line.position);
    }
    hit = hit || line.first_hit;
    stable = stable || line.stable_from;
  }
  if (hit) keys.push_back({.name = "first top-1", .ring = true});
  if (stable) keys.push_back({.name = "stays top-1"});
  return keys;
}

void AddLine(Page& page, const Chart& chart, const TargetLine& line) {
  const LineStyle style = StyleOf(line);
  std::vector<Point> points;
  for (const TargetLine::At& at : line.points) {
    points.push_back(chart.At(at.layer, at.value));
  }
  page.AddLine(points, style);
  for (const Point& point : points) page.AddDot(point, kLineDot, style.color);
}

void AddMarks(Page& page, const Chart& chart, const TargetLine& line) {
  const Rgb color = StyleOf(line).color;
  for (const TargetLine::At& at : line.points) {
    const Point point = chart.At(at.layer, at.value);
    const auto is = [&](const std::optional<std::size_t>& layer) {
      return layer && static_cast<double>(*layer) == at.layer;
    };
    // Where both are at one layer, the ring goes around the diamond.
    if (is(line.first_hit)) {
      page.AddDot(point, is(line.stable_from) ? kMark * 1.5 : kMark, color,
                  /*ring=*/true);
    }
    if (is(line.stable_from)) page.AddDiamond(point, kMark, color);
  }
}

// Where the lines are read, where it is one place.
std::string PlaceNote(const LensReport& report,
                      const std::vector<TargetLine>& lines) {
  if (lines.back().place > 0) return {};
  const std::size_t position = lines.back().position;
  if (position >= report.lens.ids.size()) return {};
  return fmt::format(
      "Read at position {}, after {}", position,
      QuotedText(TextOrId(report.texts, report.lens.ids[position])));
}

// Whether no two lines look alike.
Status CheckStyles(std::size_t tokens, std::size_t positions) {
  if (positions > kMostTargetPositions) {
    return UsageError(fmt::format(
        "draw figure: targets: {} positions are more than the {} line styles; "
        "give fewer --plot-target-positions",
        positions, kMostTargetPositions));
  }
  const bool several = positions > 1;
  const std::size_t most =
      several ? kLineColors.size() : kLineColors.size() * kMostTargetPositions;
  if (tokens <= most) return {};
  return UsageError(fmt::format(
      "draw figure: targets: {} tokens at {} position{} are more than the {} "
      "that can be told apart; give fewer --target{}",
      tokens, positions, several ? "s" : "", most,
      several ? ", or one of --plot-target-positions" : ""));
}

std::vector<std::string> NotesOf(const LensReport& report,
                                 const std::vector<TargetLine>& lines) {
  std::vector<std::string> notes;
  // The sentences are about the last listed position; where others are drawn,
  // the marks alone tell.
  if (lines.front().position == report.lens.positions.back()) {
    notes = FigureDepthNotes(report);
  }
  if (std::string place = PlaceNote(report, lines); !place.empty()) {
    notes.insert(notes.begin(), std::move(place));
  }
  return notes;
}

}  // namespace

Result<Page> MakeTargetFigure(const LensReport& report,
                              const TargetFigureOptions& options) {
  const Lens& lens = report.lens;
  if (lens.rows.empty() || lens.positions.empty()) {
    return FailedError("draw figure: lens: it has no cells; nothing to draw");
  }
  std::vector<std::size_t> positions = options.positions;
  if (positions.empty()) positions = {lens.positions.back()};
  PELLUCID_RETURN_IF_ERROR(CheckStyles(lens.targets.size(), positions.size()));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<TargetLine> lines,
                            TakeTargetLines(report, options.metric, positions));
  LineChart parts{.title = FigureTitle(report, TitleKind(options.metric)),
                  .prompt = FigurePrompt(report),
                  .keys = KeysOf(lines),
                  .notes = NotesOf(report, lines),
                  .chart = MakeChart(lines, options.metric)};
  return DrawLineChart(std::move(parts), options.size,
                       [&](Page& page, const Chart& chart) {
                         for (const TargetLine& line : lines) {
                           AddLine(page, chart, line);
                         }
                         for (const TargetLine& line : lines) {
                           AddMarks(page, chart, line);
                         }
                       });
}

}  // namespace pellucid::render
