#include "render/lens_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "render/depth_text.h"
#include "render/display_text.h"
#include "render/row_label.h"

namespace pellucid::render {
namespace {

constexpr double kMargin = 14;
constexpr double kGap = 6;  // between neighbouring parts
constexpr double kCellHeight = 15;
constexpr double kCellPadding = 4;  // left and right of a cell's text
constexpr double kNarrowestCell = 34;
constexpr double kWidestCell = 76;  // longer tokens get an ellipsis
constexpr double kLine = 0.7;       // white between cells
constexpr double kHeadLine = 12;    // a line of tokens or positions
constexpr double kHitRadius = 2;
constexpr double kHitLine = 8;  // the dots' own line
constexpr double kBarWidth = 10;
constexpr double kTallestBar = 240;
constexpr double kLeastWidth = 400;  // so that title and notes have room
constexpr double kTickHeight = 11;   // of a label and some air
constexpr int kBarSteps = 64;

constexpr Rgb kBlack{0, 0, 0};
constexpr Rgb kGrey{0x66, 0x66, 0x66};
constexpr Rgb kNoValue{0xe6, 0xe6, 0xe6};  // a cell without the metric
constexpr Rgb kWhite{255, 255, 255};

constexpr TextStyle kTitle{.size = 12, .bold = true, .color = kBlack};
constexpr TextStyle kPrompt{.size = 9, .color = kBlack};
constexpr TextStyle kToken{.size = 8, .color = kBlack};
constexpr TextStyle kBoldToken{.size = 8, .bold = true, .color = kBlack};
constexpr TextStyle kSmall{.size = 7.5, .color = kGrey};

TextStyle Within(TextStyle style, double width) {
  style.max_width = width;
  return style;
}

TextStyle Wrapped(TextStyle style, double width) {
  style.max_width = width;
  style.wrap = true;
  return style;
}

void Fill(cairo_t* cairo, Rgb color, double x, double y, double width,
          double height) {
  SetColor(cairo, color);
  cairo_rectangle(cairo, x, y, width, height);
  cairo_fill(cairo);
}

}  // namespace

Result<LensFigure> LensFigure::Layout(const LensReport& report,
                                      const FigureOptions& options) {
  if (report.lens.rows.empty() || report.lens.positions.empty()) {
    return FailedError("draw figure: lens: it has no cells; nothing to draw");
  }
  PELLUCID_ASSIGN_OR_RETURN(TextPainter painter, TextPainter::Create());
  LensFigure figure(std::move(painter));
  const std::size_t listed = report.lens.positions.size();
  const std::size_t shown =
      std::min(listed, std::max<std::size_t>(1, options.max_positions));
  figure.TakeTexts(report, options, listed - shown);
  figure.TakeNotes(report, options, listed - shown);
  figure.Measure();
  return figure;
}

void LensFigure::TakeTexts(const LensReport& report,
                           const FigureOptions& options, std::size_t first) {
  const Lens& lens = report.lens;
  const MetricScale scale(lens, options.metric, report.model.vocab_size);
  const auto shown = [&](TokenId id) {
    return DisplayText(TextOrId(report.texts, id));
  };
  for (const LensRow& row : lens.rows) {
    Row& to = rows_.emplace_back();
    to.label = RowLabel(row);
    for (std::size_t i = first; i < lens.positions.size(); ++i) {
      Cell& cell = to.cells.emplace_back(Cell{"", kNoValue});
      if (i >= row.cells.size()) continue;
      const LensCell& from = row.cells[i];
      if (!from.top.empty()) cell.text = shown(from.top[0].id);
      const auto value = MetricValue(lens, from, options.metric);
      if (value) cell.color = Viridis(scale.Shade(*value));
    }
  }
  for (std::size_t i = first; i < lens.positions.size(); ++i) {
    const std::size_t position = lens.positions[i];
    Position& to = positions_.emplace_back();
    to.index = std::to_string(position);
    if (position < lens.ids.size()) to.input = shown(lens.ids[position]);
    if (position + 1 >= lens.ids.size()) continue;
    const TokenId next = lens.ids[position + 1];
    to.next = shown(next);
    const LensRow& last = lens.rows.back();
    to.hit = i < last.cells.size() && !last.cells[i].top.empty() &&
             last.cells[i].top[0].id == next;
  }
  ticks_ = scale.Ticks();
}

void LensFigure::TakeNotes(const LensReport& report,
                           const FigureOptions& options, std::size_t first) {
  title_ = "Logit lens: " + DisplayText(report.model.ref, Spaces::kAsTheyAre);
  bar_title_ = MetricCaption(report.lens, options.metric, report.texts);
  if (report.run.input_text) {
    prompt_ = QuotedText(*report.run.input_text);
  } else {
    prompt_ = fmt::format("{} token ids", report.lens.ids.size());
  }
  if (first > 0) {
    notes_.push_back(fmt::format(
        "{} earlier position{} left out; choose some with --positions.", first,
        first == 1 ? " is" : "s are"));
  }
  for (const std::string& line : DepthLines(report)) {
    notes_.push_back(line + ".");
  }
  const auto hit = [](const Position& position) { return position.hit; };
  if (std::any_of(positions_.begin(), positions_.end(), hit)) {
    notes_.push_back("Dot: the last row's top-1 is the true next token.");
  }
}

void LensFigure::Measure() {
  double widest = 0;
  const auto take = [&](const std::string& text, const TextStyle& style) {
    widest = std::max(widest, painter_.Measure(text, style).width);
  };
  double label_width = painter_.Measure("next token", kSmall).width;
  for (const Row& row : rows_) {
    label_width =
        std::max(label_width, painter_.Measure(row.label, kToken).width);
    for (const Cell& cell : row.cells) take(cell.text, kToken);
  }
  for (const Position& position : positions_) {
    take(position.input, kBoldToken);
    take(position.next, kToken);
  }
  cell_width_ = std::clamp(std::ceil(widest) + 2 * kCellPadding, kNarrowestCell,
                           kWidestCell);
  if (painter_.Measure(bar_title_, kSmall).width > GridHeight()) {
    notes_.insert(notes_.begin(), "Shade: " + bar_title_ + ".");
    bar_title_.clear();  // too few rows to write it beside the bar
  }
  if (GridHeight() < kTickHeight * static_cast<double>(ticks_.size())) {
    ticks_ = {ticks_.front(), ticks_.back()};
  }
  for (const MetricScale::Tick& tick : ticks_) {
    tick_width_ =
        std::max(tick_width_, painter_.Measure(tick.text, kSmall).width);
  }
  left_ = kMargin + kHeadLine + std::ceil(label_width) + kGap;
  const double right_of_grid = kGap + kGap + kBarWidth + kGap +
                               std::ceil(tick_width_) + kGap + kHeadLine;
  width_ = std::max(kLeastWidth, left_ + GridWidth() + right_of_grid + kMargin);

  const double text_width = width_ - 2 * kMargin;
  top_ = kMargin + painter_.Measure(title_, Wrapped(kTitle, text_width)).height;
  top_ += painter_.Measure(prompt_, kPrompt).height + 2 * kGap;
  top_ += kHeadLine + kHitLine;
  height_ = top_ + GridHeight() + 2 * kHeadLine + kGap;
  for (const std::string& note : notes_) {
    height_ += painter_.Measure(note, Wrapped(kPrompt, text_width)).height;
  }
  height_ = std::ceil(height_ + kMargin);
  top_ = std::ceil(top_);
}

double LensFigure::GridWidth() const {
  return cell_width_ * static_cast<double>(positions_.size());
}

double LensFigure::GridHeight() const {
  return kCellHeight * static_cast<double>(rows_.size());
}

double LensFigure::ColumnMiddle(std::size_t position) const {
  return left_ + cell_width_ * (static_cast<double>(position) + 0.5);
}

double LensFigure::RowMiddle(std::size_t row) const {
  const double above = static_cast<double>(rows_.size() - row) - 0.5;
  return top_ + kCellHeight * above;
}

void LensFigure::Draw(cairo_t* cairo) const {
  Fill(cairo, kWhite, 0, 0, width_, height_);
  DrawTitle(cairo);
  DrawGrid(cairo);
  DrawPositions(cairo);
  DrawColorBar(cairo);
  DrawNotes(cairo);
}

void LensFigure::DrawTitle(cairo_t* cairo) const {
  const double room = width_ - 2 * kMargin;
  const TextStyle title = Wrapped(kTitle, room);
  const double height = painter_.Measure(title_, title).height;
  painter_.Draw(cairo, title_, title, Anchor::kLeft, kMargin,
                kMargin + height / 2);
  const TextStyle prompt = Within(kPrompt, room);
  painter_.Draw(
      cairo, prompt_, prompt, Anchor::kLeft, kMargin,
      kMargin + height + painter_.Measure(prompt_, prompt).height / 2);
}

void LensFigure::DrawGrid(cairo_t* cairo) const {
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    painter_.Draw(cairo, rows_[r].label, kToken, Anchor::kRight, left_ - kGap,
                  RowMiddle(r));
    for (std::size_t p = 0; p < rows_[r].cells.size(); ++p) {
      const Cell& cell = rows_[r].cells[p];
      Fill(cairo, cell.color, ColumnMiddle(p) - cell_width_ / 2,
           RowMiddle(r) - kCellHeight / 2, cell_width_ - kLine,
           kCellHeight - kLine);
      TextStyle style = Within(kToken, cell_width_ - kCellPadding);
      style.color = TextColorOn(cell.color);
      painter_.Draw(cairo, cell.text, style, Anchor::kMiddle, ColumnMiddle(p),
                    RowMiddle(r));
    }
  }
  painter_.DrawUpwards(cairo, "layer", kSmall, kMargin + kHeadLine / 2,
                       top_ + GridHeight() / 2);
}

void LensFigure::DrawPositions(cairo_t* cairo) const {
  const double next_line = top_ - kHitLine - kHeadLine / 2;
  const double input_line = top_ + GridHeight() + kHeadLine / 2 + 1;
  const double index_line = input_line + kHeadLine;
  const double label = left_ - kGap;
  painter_.Draw(cairo, "next token", kSmall, Anchor::kRight, label, next_line);
  painter_.Draw(cairo, "input", kSmall, Anchor::kRight, label, input_line);
  painter_.Draw(cairo, "position", kSmall, Anchor::kRight, label, index_line);
  const double room = cell_width_ - kCellPadding;
  for (std::size_t p = 0; p < positions_.size(); ++p) {
    const Position& position = positions_[p];
    const double x = ColumnMiddle(p);
    painter_.Draw(cairo, position.next, Within(kToken, room), Anchor::kMiddle,
                  x, next_line);
    painter_.Draw(cairo, position.input, Within(kBoldToken, room),
                  Anchor::kMiddle, x, input_line);
    painter_.Draw(cairo, position.index, kSmall, Anchor::kMiddle, x,
                  index_line);
    if (!position.hit) continue;
    SetColor(cairo, kBlack);
    cairo_arc(cairo, x, top_ - kHitLine / 2, kHitRadius, 0, 6.283185307179586);
    cairo_fill(cairo);
  }
}

void LensFigure::DrawColorBar(cairo_t* cairo) const {
  const double height = std::min(GridHeight(), kTallestBar);
  const double x = left_ + GridWidth() + 2 * kGap;
  const double bottom = top_ + GridHeight();
  // Each step reaches below the next, so that no seam shows.
  const double step = height / kBarSteps;
  for (int i = kBarSteps - 1; i >= 0; --i) {
    Fill(cairo, Viridis((i + 0.5) / kBarSteps), x, bottom - step * (i + 1),
         kBarWidth, step * (i + 1));
  }
  const double tick_x = x + kBarWidth + kGap / 2;
  for (const MetricScale::Tick& tick : ticks_) {
    painter_.Draw(cairo, tick.text, kSmall, Anchor::kLeft, tick_x,
                  bottom - height * tick.at);
  }
  const double title_x =
      tick_x + std::ceil(tick_width_) + kGap / 2 + kHeadLine / 2;
  // Long captions reach above the bar, never below the grid.
  const double half = painter_.Measure(bar_title_, kSmall).width / 2;
  painter_.DrawUpwards(cairo, bar_title_, kSmall, title_x,
                       bottom - std::max(height / 2, half));
}

void LensFigure::DrawNotes(cairo_t* cairo) const {
  double y = top_ + GridHeight() + 2 * kHeadLine + kGap;
  const TextStyle style = Wrapped(kPrompt, width_ - 2 * kMargin);
  for (const std::string& note : notes_) {
    const double height = painter_.Measure(note, style).height;
    painter_.Draw(cairo, note, style, Anchor::kLeft, kMargin, y + height / 2);
    y += height;
  }
}

}  // namespace pellucid::render
