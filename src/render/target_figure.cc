#include "render/target_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "render/chart.h"
#include "render/display_text.h"
#include "render/figure_style.h"
#include "render/figure_text.h"
#include "render/target_lines.h"

namespace pellucid::render {
namespace {

constexpr double kPageWidth = 6.5 * kPointsPerInch;  // a column of text
constexpr double kChartHeight = 200;
constexpr double kLeastChartWidth = 90, kLeastChartHeight = 60;
constexpr double kKeyLine = 24;      // the line of a legend's entry
constexpr double kWidestName = 130;  // of a legend's entry
constexpr double kLineWidth = 1.4;
constexpr double kDot = 1.5, kMark = 3.4;  // radii

// Okabe & Ito, "Color universal design" (2008), less its yellow, which is too
// pale for lines on white.
constexpr std::array<Rgb, 7> kColors = {{{0x00, 0x72, 0xb2},
                                         {0xd5, 0x5e, 0x00},
                                         {0x00, 0x9e, 0x73},
                                         {0xcc, 0x79, 0xa7},
                                         {0xe6, 0x9f, 0x00},
                                         {0x56, 0xb4, 0xe9},
                                         {0x00, 0x00, 0x00}}};

// Places have their styles; colours that come round again shift by one.
LineStyle StyleOf(const TargetLine& line) {
  const std::array<std::vector<double>, kMostTargetPositions> dashes = {
      {{}, {4, 2}, {1.2, 1.6}, {6, 2, 1.2, 2}}};
  return {kColors[line.token % kColors.size()], kLineWidth,
          dashes[(line.place + line.token / kColors.size()) % dashes.size()]};
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

// One entry of the legend.
struct Key {
  std::string name;
  const TargetLine* line = nullptr;  // of a line, else
  bool ring = false;                 // of a mark
};

std::vector<Key> KeysOf(const std::vector<TargetLine>& lines) {
  std::vector<Key> keys;
  const bool several = lines.back().place > 0;
  bool hit = false, stable = false;
  for (const TargetLine& line : lines) {
    keys.push_back({line.name, &line});
    if (several) {
      keys.back().name += fmt::format(" at {}", line.position);
    }
    hit = hit || line.first_hit;
    stable = stable || line.stable_from;
  }
  if (hit) keys.push_back({"first top-1", nullptr, true});
  if (stable) keys.push_back({"stays top-1", nullptr, false});
  return keys;
}

double KeysWidth(const TextPainter& painter, const std::vector<Key>& keys) {
  double widest = 0;
  for (const Key& key : keys) {
    widest = std::max(widest, painter.Measure(key.name, kTokenText).width);
  }
  return kKeyLine + kGap + std::ceil(std::min(widest, kWidestName)) + 1;
}

// Of the chart, beside which a legend of `keys` has room.
double HeightFor(const std::vector<Key>& keys) {
  return kHeadLine * static_cast<double>(keys.size() - 1);
}

// Beside the chart, from its top down; what has no room is counted.
void AddKeys(Page& page, const std::vector<Key>& keys, const Rect& area,
             double x) {
  const auto room = static_cast<std::size_t>(
      std::max(1.0, (area.height + kHeadLine) / kHeadLine + 1e-9));
  const std::size_t shown = keys.size() <= room ? keys.size() : room - 1;
  double y = area.y + kHeadLine / 2;
  const double name_x = x + kKeyLine + kGap;
  const TextStyle style = Within(kTokenText, kWidestName + 1);
  for (std::size_t i = 0; i < shown; ++i, y += kHeadLine) {
    const Point middle = {x + kKeyLine / 2, y};
    if (keys[i].line != nullptr) {
      page.AddLine({{x, y}, {x + kKeyLine, y}}, StyleOf(*keys[i].line));
    } else if (keys[i].ring) {
      page.AddDot(middle, kMark, kGrey, /*ring=*/true);
    } else {
      page.AddDiamond(middle, kMark, kGrey);
    }
    page.AddText(keys[i].name, style, Anchor::kLeft, name_x, y);
  }
  if (shown < keys.size()) {
    page.AddText(fmt::format("and {} more", keys.size() - shown), kSmallText,
                 Anchor::kLeft, name_x, y);
  }
}

void AddLine(Page& page, const Chart& chart, const TargetLine& line) {
  const LineStyle style = StyleOf(line);
  std::vector<Point> points;
  for (const TargetLine::At& at : line.points) {
    points.push_back(chart.At(at.layer, at.value));
  }
  page.AddLine(points, style);
  for (const Point& point : points) page.AddDot(point, kDot, style.color);
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

// All that stands on the page.
struct Parts {
  std::string title, prompt;
  std::vector<TargetLine> lines;
  std::vector<Key> keys;  // point into `lines`
  std::vector<std::string> notes;
  Chart chart;
};

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
      several ? kColors.size() : kColors.size() * kMostTargetPositions;
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

// Gives the chart what the rest leaves of `wanted`; the size of the page.
FigureSize LayOut(const TextPainter& painter,
                  const std::optional<FigureSize>& wanted, Parts& parts) {
  FigureSize size = wanted.value_or(FigureSize{kPageWidth, 0});
  const double room = size.width - 2 * kMargin;
  const double top = kMargin +
                     HeadingHeight(painter, {parts.title, parts.prompt}, room) +
                     kGap;
  const auto below = [&] {
    return parts.chart.Below() + kGap +
           NotesHeight(painter, parts.notes, room) + kMargin;
  };
  const double legend = HeightFor(parts.keys);
  if (!wanted) {
    size.height = std::ceil(top + std::max(kChartHeight, legend) + below());
  } else if (size.height - top - below() < legend) {
    parts.notes.emplace_back(
        "The whole legend has room in a larger --figure-size");
  }
  const double left = kMargin + parts.chart.Left(painter);
  const double right = 2 * kGap + KeysWidth(painter, parts.keys) + kMargin;
  parts.chart.area = {left, top, size.width - left - right,
                      size.height - top - below()};
  return size;
}

Error TooSmall(const FigureSize& size, const Rect& area) {
  const auto need = [](double all, double now, double least) {
    return std::ceil((all + std::max(0.0, least - now)) / kPointsPerInch * 10) /
           10;
  };
  return UsageError(fmt::format(
      "draw figure: {:.4g} x {:.4g} inches: axes, legend and notes need {:g} x "
      "{:g}; give a larger --figure-size",
      size.width / kPointsPerInch, size.height / kPointsPerInch,
      need(size.width, area.width, kLeastChartWidth),
      need(size.height, area.height, kLeastChartHeight)));
}

Page Assemble(TextPainter painter, const FigureSize& size, const Parts& parts) {
  Page page(std::move(painter), parts.title + ": " + parts.prompt);
  page.Resize(size.width, size.height);
  const double room = size.width - 2 * kMargin;
  const Chart& chart = parts.chart;
  AddHeading(page, {parts.title, parts.prompt}, kMargin, kMargin, room);
  chart.AddTo(page);
  for (const TargetLine& line : parts.lines) AddLine(page, chart, line);
  for (const TargetLine& line : parts.lines) AddMarks(page, chart, line);
  AddKeys(page, parts.keys, chart.area, chart.area.right() + 2 * kGap);
  AddNotes(page, parts.notes, kMargin,
           chart.area.bottom() + chart.Below() + kGap, room);
  return page;
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
  Parts parts;
  PELLUCID_ASSIGN_OR_RETURN(parts.lines,
                            TakeTargetLines(report, options.metric, positions));
  parts.title = FigureTitle(report, TitleKind(options.metric));
  parts.prompt = FigurePrompt(report);
  parts.keys = KeysOf(parts.lines);
  parts.notes = NotesOf(report, parts.lines);
  parts.chart = MakeChart(parts.lines, options.metric);
  PELLUCID_ASSIGN_OR_RETURN(TextPainter painter,
                            TextPainter::Create(parts.prompt));
  const FigureSize size = LayOut(painter, options.size, parts);
  if (parts.chart.area.width < kLeastChartWidth ||
      parts.chart.area.height < kLeastChartHeight) {
    return TooSmall(size, parts.chart.area);
  }
  return Assemble(std::move(painter), size, parts);
}

}  // namespace pellucid::render
