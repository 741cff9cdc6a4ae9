#include "render/lens_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "render/depth_text.h"
#include "render/display_text.h"
#include "render/metric.h"
#include "render/precision_note.h"
#include "render/row_label.h"

namespace pellucid::render {
namespace {

constexpr std::size_t kTokenColumns = 14;  // as in the table of one lens
constexpr std::string_view kGap = "  ";

// What stands in a line for one lens: token, probability, KL, and of the token
// that is followed rank and probability.
using Texts = std::array<std::string, 5>;
Texts Heads() { return {"top-1", "prob", "KL", "rank", "prob"}; }

// A row that at least one of two lenses has.
struct Pair {
  const LensRow* a = nullptr;
  const LensRow* b = nullptr;

  const LensRow& either() const { return a != nullptr ? *a : *b; }
};

// Rows of both, in the order of the stream: both ascend.
std::vector<Pair> PairsOf(const Lens& a, const Lens& b) {
  std::vector<Pair> pairs;
  auto other = b.rows.begin();
  for (const LensRow& row : a.rows) {
    const auto same = std::find_if(
        other, b.rows.end(),
        [&](const LensRow& candidate) { return candidate.site == row.site; });
    if (same == b.rows.end()) {
      pairs.push_back({&row, nullptr});
      continue;
    }
    for (; other != same; ++other) pairs.push_back({nullptr, &*other});
    pairs.push_back({&row, &*other++});
  }
  for (; other != b.rows.end(); ++other) pairs.push_back({nullptr, &*other});
  return pairs;
}

std::optional<RankedScore> FollowedScore(const LensCell& cell) {
  return cell.targets.empty() ? cell.final_top1 : cell.targets.front();
}

Texts TextsOfCell(const LensReport& report, const LensRow* row,
                  std::size_t index) {
  if (row == nullptr) return {};
  const LensCell& cell = row->cells[index];
  const TokenScore& top = cell.top.front();
  Texts texts;
  texts[0] =
      Truncate(DisplayText(TextOrId(report.texts, top.id)), kTokenColumns);
  texts[1] = MetricText(Metric::kProb, static_cast<double>(top.prob));
  texts[2] = MetricText(Metric::kKl, static_cast<double>(cell.kl_to_final));
  if (const auto score = FollowedScore(cell)) {
    texts[3] = fmt::format("{}", score->rank);
    texts[4] =
        MetricText(Metric::kProb, static_cast<double>(score->score.prob));
  }
  return texts;
}

// The columns of one lens at one position.
struct Side {
  std::string name;
  std::vector<Texts> lines;
  std::array<std::size_t, std::tuple_size_v<Texts>> widths = {};

  Side(std::string called, std::vector<Texts> texts)
      : name(std::move(called)), lines(std::move(texts)) {
    const Texts heads = Heads();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = heads[i].size();
      for (const Texts& line : lines) {
        widths[i] = std::max(widths[i], DisplayWidth(line[i]));
      }
    }
  }

  std::string Line(const Texts& texts) const {
    std::string line = PadRight(texts[0], widths[0]);
    for (std::size_t i = 1; i < widths.size(); ++i) {
      line += std::string(kGap) + PadLeft(texts[i], widths[i]);
    }
    return line;
  }
};

void AppendLine(std::string_view label, std::size_t width, const Side& a,
                const std::string& left, const std::string& right,
                std::string& out) {
  const std::size_t columns = DisplayWidth(a.Line({}));
  std::string line = PadLeft(label, width) + std::string(kGap) +
                     PadRight(left, columns) +
                     std::string(2 * kGap.size(), ' ') + right;
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

// What the model predicts at a position, and what is followed there.
std::string Heading(const LensReport& report, std::size_t index) {
  const Lens& lens = report.lens;
  const auto quoted = [&](TokenId id) {
    return QuotedText(TextOrId(report.texts, id));
  };
  const std::size_t position = lens.positions[index];
  std::string heading =
      fmt::format("position {}, {}", position, quoted(lens.ids[position]));
  if (!lens.targets.empty()) {
    return heading +
           fmt::format("; rank and prob of {}", quoted(lens.targets[0].id));
  }
  const auto& last = lens.rows.back().cells[index].final_top1;
  if (!last) return heading;
  return heading + fmt::format(
                       "; the model predicts {}, whose rank and prob "
                       "stand on the right",
                       quoted(last->score.id));
}

}  // namespace

std::string LensName(const Lens& lens) {
  std::string name(LensKindName(lens.kind));
  if (lens.kind == LensKind::kLogit) return name;
  return name + ':' + DisplayText(lens.trained_ref, Spaces::kAsTheyAre);
}

std::string LensComparison(const LensReport& report) {
  const Lens &one = report.lens, &two = *report.compared;
  const std::vector<Pair> pairs = PairsOf(one, two);
  std::size_t width = 0;
  for (const Pair& pair : pairs) {
    width = std::max(width, RowLabel(pair.either()).size());
  }
  std::string out;
  for (std::size_t index = 0; index < one.positions.size(); ++index) {
    std::vector<Texts> left, right;
    for (const Pair& pair : pairs) {
      left.push_back(TextsOfCell(report, pair.a, index));
      right.push_back(TextsOfCell(report, pair.b, index));
    }
    const Side a(LensName(one), std::move(left));
    const Side b(LensName(two), std::move(right));
    out += Heading(report, index) + "\n\n";
    AppendLine("", width, a, a.name, b.name, out);
    AppendLine("", width, a, a.Line(Heads()), b.Line(Heads()), out);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      AppendLine(RowLabel(pairs[i].either()), width, a, a.Line(a.lines[i]),
                 b.Line(b.lines[i]), out);
    }
    out += '\n';
  }
  const LensReport compared{two, report.model, report.run, report.texts};
  for (const LensReport* side : {&report, &compared}) {
    for (const std::string& line : DepthLines(*side)) {
      out += LensName(side->lens) + ": " + line + '\n';
    }
    const std::string precision = PrecisionNote(side->lens);
    if (!precision.empty()) {
      out += LensName(side->lens) + ": " + precision + '\n';
    }
  }
  out += fmt::format(
      "{}; prob: of the row's own top-1; KL: of the model's output from the "
      "row, nats\n",
      DisplayText(report.model.ref, Spaces::kAsTheyAre));
  return out;
}

}  // namespace pellucid::render
