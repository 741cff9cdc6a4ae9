#include "render/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "render/depth_text.h"
#include "render/display_text.h"
#include "render/precision_note.h"
#include "render/row_label.h"
#include "render/wrap_text.h"

namespace pellucid::render {
namespace {

constexpr std::size_t kTokenColumns = 14;  // on a terminal: most tokens fit
constexpr std::size_t kFewestColumns = 4;  // of a token in a narrow one
constexpr std::size_t kTitleColumns = 20;  // of the followed token's title
constexpr std::size_t kBarColumns = 10;    // of the legend's colour bar
constexpr std::string_view kGap = "  ";    // between columns without colour

struct TableCell {
  std::string token;
  std::string number;  // without colour only
  std::optional<double> shade;
};

// One position: its heading and a cell a row.
struct Column {
  std::string position, input;
  std::vector<TableCell> cells;
  std::size_t token_width = 0, number_width = 0;

  std::size_t Width() const {
    return number_width == 0 ? token_width : token_width + 1 + number_width;
  }
};

// The right-hand side: rank and probability of the followed token, a row each.
struct Followed {
  std::string title;
  std::vector<std::string> ranks, probs;
  std::size_t rank_width = 4, prob_width = 6;  // of the headings, "100.0%"

  std::size_t Width() const {
    return std::max(DisplayWidth(title), rank_width + 2 + prob_width);
  }
};

struct Table {
  std::vector<std::string> labels;
  std::vector<Column> columns;
  std::optional<Followed> followed;
  std::size_t label_width = 0;
  std::size_t left_out = 0;  // positions
  ColorMode color = ColorMode::kNone;

  // Columns of the terminal that the whole takes.
  std::size_t Width() const {
    std::size_t width = label_width;
    for (const Column& column : columns) width += kGap.size() + column.Width();
    if (followed) width += 2 * kGap.size() + followed->Width();
    return width;
  }
};

std::string Cut(const std::string& text, std::size_t limit) {
  return limit == 0 ? text : Truncate(text, limit);
}

std::string ProbText(float prob) {
  if (prob < 0.0005f) return "<0.1%";
  return fmt::format("{:.1f}%", static_cast<double>(prob) * 100);
}

Column MakeColumn(const LensReport& report, const TableOptions& options,
                  const MetricScale& scale, std::size_t index,
                  std::size_t limit) {
  const Lens& lens = report.lens;
  const auto shown = [&](TokenId id) {
    return Cut(DisplayText(TextOrId(report.texts, id)), limit);
  };
  Column column;
  const std::size_t position = lens.positions[index];
  column.position = std::to_string(position);
  if (position < lens.ids.size()) column.input = shown(lens.ids[position]);
  for (const LensRow& row : lens.rows) {
    TableCell cell;
    if (index < row.cells.size()) {
      const LensCell& from = row.cells[index];
      if (!from.top.empty()) cell.token = shown(from.top[0].id);
      const auto value = MetricValue(lens, from, options.metric);
      if (value) cell.shade = scale.Shade(*value);
      if (options.color == ColorMode::kNone) {
        cell.number = value ? MetricText(options.metric, *value) : "-";
      }
    }
    column.token_width = std::max(column.token_width, DisplayWidth(cell.token));
    column.number_width = std::max(column.number_width, cell.number.size());
    column.cells.push_back(std::move(cell));
  }
  const std::size_t heading =
      std::max(column.position.size(), DisplayWidth(column.input));
  if (heading > column.Width()) column.token_width += heading - column.Width();
  return column;
}

std::optional<Followed> MakeFollowed(const LensReport& report,
                                     std::size_t limit) {
  const auto token = FollowedToken(report.lens);
  if (!token) return std::nullopt;
  Followed followed;
  followed.title = Cut(DisplayText(TextOrId(report.texts, *token)), limit);
  for (const LensRow& row : report.lens.rows) {
    std::string rank = "-", prob = "-";
    if (!row.cells.empty() && row.cells.back().final_top1) {
      const RankedScore& score = *row.cells.back().final_top1;
      rank = std::to_string(score.rank);
      prob = ProbText(score.score.prob);
    }
    followed.rank_width = std::max(followed.rank_width, rank.size());
    followed.ranks.push_back(std::move(rank));
    followed.probs.push_back(std::move(prob));
  }
  return followed;
}

// Labels of one width. Numbers of layers stand under one another, and so do the
// points inside of blocks, if there are any.
std::vector<std::string> AlignedLabels(const std::vector<LensRow>& rows) {
  std::vector<std::string> labels;
  std::size_t layer_width = 0, width = 0;
  bool has_points = false;
  for (const LensRow& row : rows) {
    labels.push_back(RowLabel(row));
    const std::size_t layer =
        std::min(labels.back().find(' '), labels.back().size());
    has_points = has_points || layer < labels.back().size();
    if (row.layer >= 0) layer_width = std::max(layer_width, layer);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (has_points && rows[i].layer >= 0) {
      const std::size_t layer = std::min(labels[i].find(' '), labels[i].size());
      labels[i].insert(0, layer_width - layer, ' ');
    }
    width = std::max(width, labels[i].size());
  }
  for (std::string& label : labels) {
    label = has_points ? PadRight(label, width) : PadLeft(label, width);
  }
  return labels;
}

// Leaves out leftmost positions, never the last, until the table fits.
void Fit(Table& table, std::size_t width) {
  std::size_t have = table.Width();
  while (table.left_out + 1 < table.columns.size() && have > width) {
    have -= kGap.size() + table.columns[table.left_out++].Width();
  }
  table.columns.erase(
      table.columns.begin(),
      table.columns.begin() + static_cast<std::ptrdiff_t>(table.left_out));
}

Table MakeTable(const LensReport& report, const TableOptions& options,
                const MetricScale& scale) {
  Table table;
  table.color = options.color;
  table.labels = AlignedLabels(report.lens.rows);
  if (!table.labels.empty()) table.label_width = table.labels[0].size();
  std::size_t limit = 0;
  if (options.width > 0) limit = kTokenColumns;
  table.followed = MakeFollowed(report, options.width > 0 ? kTitleColumns : 0);
  for (std::size_t i = 0; i < report.lens.positions.size(); ++i) {
    table.columns.push_back(MakeColumn(report, options, scale, i, limit));
  }
  if (options.width == 0 || table.columns.empty()) return table;
  Fit(table, options.width);
  const std::size_t over = std::max(table.Width(), options.width);
  if (over > options.width) {  // one position, and still too wide
    const std::size_t excess = over - options.width;
    const std::size_t have = table.columns[0].token_width;
    limit = std::max(kFewestColumns, have > excess ? have - excess : 0);
    table.columns[0] = MakeColumn(report, options, scale,
                                  report.lens.positions.size() - 1, limit);
  }
  return table;
}

// A cell as wide as its column. With colour the gap in front belongs to the
// shaded area, half on each side, so that the cells form one picture.
std::string CellText(const TableCell& cell, const Column& column,
                     ColorMode color) {
  if (color == ColorMode::kNone) {
    std::string text(kGap);
    text += PadRight(cell.token, column.token_width);
    if (column.number_width == 0) return text;
    return text + ' ' + PadLeft(cell.number, column.number_width);
  }
  const std::string text = ' ' + PadRight(cell.token, column.Width()) + ' ';
  if (!cell.shade) return text;
  return Shaded(*cell.shade, color) + text + std::string(Reset(color));
}

std::string HeadText(const std::string& text, const Column& column,
                     ColorMode color) {
  const std::string padded = PadRight(text, column.Width());
  return color == ColorMode::kNone ? std::string(kGap) + padded
                                   : ' ' + padded + ' ';
}

// `line` without blanks at its end, between an escape sequence and its reset.
void AppendLine(std::string line, std::string_view style, ColorMode color,
                std::string& out) {
  line.erase(line.find_last_not_of(' ') + 1);
  out.append(style).append(line);
  if (!style.empty()) out.append(Reset(color));
  out += '\n';
}

void AppendHeading(const Table& table, std::string& out) {
  std::string positions = PadRight("", table.label_width);
  std::string inputs = PadRight("", table.label_width);
  for (const Column& column : table.columns) {
    positions += HeadText(column.position, column, table.color);
    inputs += HeadText(column.input, column, table.color);
  }
  if (table.followed) {
    const Followed& followed = *table.followed;
    positions.append(kGap).append(kGap).append(followed.title);
    inputs.append(kGap).append(kGap);
    inputs += PadLeft("rank", followed.rank_width) + std::string(kGap) +
              PadLeft("prob", followed.prob_width);
  }
  AppendLine(std::move(positions), Dim(table.color), table.color, out);
  AppendLine(std::move(inputs), Bold(table.color), table.color, out);
}

void AppendRow(const Table& table, std::size_t row, std::string& out) {
  std::string line = table.labels[row];
  for (const Column& column : table.columns) {
    line += CellText(column.cells[row], column, table.color);
  }
  if (table.followed) {
    const Followed& followed = *table.followed;
    line.append(kGap).append(kGap);
    line += PadLeft(followed.ranks[row], followed.rank_width);
    line += kGap;
    line += PadLeft(followed.probs[row], followed.prob_width);
  }
  AppendLine(std::move(line), "", table.color, out);
}

// "low [bar] high".
std::string ColorBar(const MetricScale& scale, ColorMode color) {
  const std::vector<MetricScale::Tick> ticks = scale.Ticks();
  std::string bar = ticks.front().text + " ";
  for (std::size_t i = 0; i < kBarColumns; ++i) {
    const double at = static_cast<double>(i) / (kBarColumns - 1);
    bar += Shaded(at, color) + ' ';
  }
  return bar + std::string(Reset(color)) + " " + ticks.back().text;
}

std::size_t ColorBarWidth(const MetricScale& scale) {
  const std::vector<MetricScale::Tick> ticks = scale.Ticks();
  return DisplayWidth(ticks.front().text) + kBarColumns + 2 +
         DisplayWidth(ticks.back().text);
}

// What the cells show, with the colour bar behind it or, where the terminal is
// too narrow for both, below.
void AppendLegend(const LensReport& report, const TableOptions& options,
                  const MetricScale& scale, std::string& out) {
  const bool plain = options.color == ColorMode::kNone;
  const std::vector<std::string> lines = WrapText(
      fmt::format("{}, {} lens; cells: top-1 token; {}: {}",
                  DisplayText(report.model.ref, Spaces::kAsTheyAre),
                  LensKindName(report.lens.kind), plain ? "number" : "shade",
                  MetricCaption(report.lens, options.metric, report.texts)),
      options.width);
  for (const std::string& line : lines) out += line + '\n';
  if (plain) return;
  const std::size_t needed =
      DisplayWidth(lines.back()) + kGap.size() + ColorBarWidth(scale);
  if (options.width == 0 || needed <= options.width) {
    out.pop_back();
    out += kGap;
  }
  out += ColorBar(scale, options.color) + '\n';
}

}  // namespace

std::string RenderTable(const LensReport& report, const TableOptions& options) {
  const MetricScale scale(report.lens, options.metric, report.model.vocab_size);
  const Table table = MakeTable(report, options, scale);
  std::string out;
  AppendHeading(table, out);
  for (std::size_t row = 0; row < table.labels.size(); ++row) {
    AppendRow(table, row, out);
  }
  out += '\n';
  std::vector<std::string> sentences;
  if (table.left_out > 0) {
    sentences.push_back(
        fmt::format("{} earlier position{} left out; widen the terminal or use "
                    "--positions",
                    table.left_out, table.left_out == 1 ? "" : "s"));
  }
  for (std::string& line : DepthLines(report)) {
    sentences.push_back(std::move(line));
  }
  const std::string_view own_norm = OwnNormNote(report.lens.rows);
  if (!own_norm.empty()) sentences.emplace_back(own_norm);
  std::string precision = PrecisionNote(report.lens);
  if (!precision.empty()) sentences.push_back(std::move(precision));
  for (const std::string& sentence : sentences) {
    for (const std::string& line : WrapText(sentence, options.width)) {
      out += line + '\n';
    }
  }
  AppendLegend(report, options, scale, out);
  return out;
}

}  // namespace pellucid::render
