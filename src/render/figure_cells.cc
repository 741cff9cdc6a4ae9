#include "render/figure_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "render/depth_text.h"
#include "render/display_text.h"
#include "render/row_label.h"

namespace pellucid::render {
namespace {

constexpr Rgb kNoValue{0xe6, 0xe6, 0xe6};  // a cell without the metric

std::string Shown(const LensReport& report, TokenId id) {
  return DisplayText(TextOrId(report.texts, id));
}

std::string Ordinal(std::size_t n) {
  const std::size_t last = n % 10;
  const bool teen = n / 10 % 10 == 1;
  const char* ending = teen || last == 0 || last > 3 ? "th"
                       : last == 1                   ? "st"
                       : last == 2                   ? "nd"
                                                     : "rd";
  return std::to_string(n) + ending;
}

FigureCells::Row TakeRow(const LensReport& report, const FigureOptions& options,
                         const MetricScale& scale, const LensRow& row,
                         std::size_t first) {
  const Lens& lens = report.lens;
  FigureCells::Row to;
  to.label = RowLabel(row);
  for (std::size_t i = first; i < lens.positions.size(); ++i) {
    FigureCells::Cell& cell = to.cells.emplace_back();
    cell.color = kNoValue;
    if (i >= row.cells.size()) continue;
    const LensCell& from = row.cells[i];
    if (!from.top.empty()) cell.text = Shown(report, from.top[0].id);
    if (const auto value = MetricValue(lens, from, options.metric)) {
      cell.color = ColorOf(options.colormap, scale.Shade(*value));
    }
  }
  return to;
}

FigureCells::Position TakePosition(const LensReport& report, std::size_t i) {
  const Lens& lens = report.lens;
  const std::size_t position = lens.positions[i];
  FigureCells::Position to;
  to.index = std::to_string(position);
  if (position < lens.ids.size()) to.input = Shown(report, lens.ids[position]);
  if (position + 1 >= lens.ids.size()) return to;
  const TokenId next = lens.ids[position + 1];
  to.next = Shown(report, next);
  const LensRow& last = lens.rows.back();
  to.hit = i < last.cells.size() && !last.cells[i].top.empty() &&
           last.cells[i].top[0].id == next;
  return to;
}

void TakeNotes(const LensReport& report, std::size_t first, std::size_t stride,
               FigureCells& cells) {
  if (first > 0) {
    cells.notes.push_back(
        first == 1
            ? std::string("The leftmost position is left out (--max-positions)")
            : fmt::format(
                  "The leftmost {} positions are left out (--max-positions)",
                  first));
  }
  if (cells.rows.size() < report.lens.rows.size()) {
    cells.notes.push_back(
        fmt::format("Every {} layer is shown, and the last (--layer-stride)",
                    Ordinal(stride)));
  }
  for (std::string& line : FigureDepthNotes(report)) {
    cells.notes.push_back(std::move(line));
  }
  const std::string_view own_norm = OwnNormNote(report.lens.rows);
  if (!own_norm.empty()) cells.notes.emplace_back(own_norm);
  const auto hit = [](const FigureCells::Position& one) { return one.hit; };
  if (std::any_of(cells.positions.begin(), cells.positions.end(), hit)) {
    cells.notes.emplace_back("Dot: the last row's top-1 is the next token");
  }
}

std::string TitleOf(LensKind kind) {
  switch (kind) {
    case LensKind::kTuned:
      return "Tuned lens";
    case LensKind::kJacobian:
      return "Jacobian lens";
    case LensKind::kLogit:
      break;
  }
  return "Logit lens";
}

}  // namespace

std::string FigureTitle(const LensReport& report, const std::string& kind) {
  return kind + ": " + DisplayText(report.model.ref, Spaces::kAsTheyAre);
}

std::string FigurePrompt(const LensReport& report) {
  if (report.run.input_text) return QuotedText(*report.run.input_text);
  const std::size_t count = report.lens.ids.size();
  return count == 1 ? "1 token id" : fmt::format("{} token ids", count);
}

std::vector<std::string> FigureDepthNotes(const LensReport& report) {
  std::vector<std::string> lines = DepthLines(report);
  const auto followed = FollowedToken(report.lens);
  const auto is_followed = [&](const LensTarget& target) {
    return followed && target.id == *followed;
  };
  const std::vector<LensTarget>& targets = report.lens.targets;
  if (std::any_of(targets.begin(), targets.end(), is_followed)) {
    lines.erase(lines.begin());
  }
  return lines;
}

FigureCells TakeCells(const LensReport& report, const FigureOptions& options,
                      const FigureLimits& limits) {
  const Lens& lens = report.lens;
  const std::size_t listed = lens.positions.size();
  const std::size_t first = listed - std::min(listed, limits.positions);
  const MetricScale scale(lens, options.metric, report.model.vocab_size);
  FigureCells cells;
  cells.title = FigureTitle(report, TitleOf(lens.kind));
  cells.prompt = FigurePrompt(report);
  cells.bar_title = MetricCaption(lens, options.metric, report.texts);
  cells.ticks = scale.Ticks();
  for (const std::size_t row : StridedRows(lens.rows, limits.layer_stride)) {
    cells.rows.push_back(
        TakeRow(report, options, scale, lens.rows[row], first));
  }
  for (std::size_t i = first; i < listed; ++i) {
    cells.positions.push_back(TakePosition(report, i));
  }
  TakeNotes(report, first, limits.layer_stride, cells);
  return cells;
}

std::vector<std::size_t> StridedRows(std::span<const LensRow> rows,
                                     std::size_t stride) {
  std::vector<std::size_t> kept;
  std::size_t layer = 0;  // counted among those listed
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool embed = rows[i].layer < 0;
    const bool begins =
        i > 0 && rows[i - 1].layer >= 0 && rows[i].layer != rows[i - 1].layer;
    if (begins) ++layer;
    const bool last = rows[i].layer == rows.back().layer;
    if (embed || last || layer % stride == 0) kept.push_back(i);
  }
  return kept;
}

std::size_t LeastStride(std::span<const LensRow> rows, std::size_t most) {
  std::size_t stride = 1;
  while (stride < rows.size() && StridedRows(rows, stride).size() > most) {
    ++stride;
  }
  return stride;
}

}  // namespace pellucid::render
