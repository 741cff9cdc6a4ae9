#include "render/target_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "render/depth_text.h"
#include "render/display_text.h"
#include "render/row_label.h"

namespace pellucid::render {
namespace {

// Where a row stands on the axis of layers.
struct Place {
  const LensRow* row;
  double layer;
};

std::vector<Place> PlacesOf(const Lens& lens) {
  std::vector<Place> places;
  for (const LensRow& row : lens.rows) {
    if (row.layer < 0 || IsBlockOutput(row)) {
      places.push_back({&row, static_cast<double>(row.layer)});
    }
  }
  if (!places.empty() && places.back().row->layer >= 0) return places;
  places.clear();
  for (std::size_t i = 0; i < lens.rows.size(); ++i) {
    const int layer = lens.rows[i].layer;
    const auto same = [&](const LensRow& row) { return row.layer == layer; };
    const auto all = std::count_if(lens.rows.begin(), lens.rows.end(), same);
    const auto before =
        std::count_if(lens.rows.begin(),
                      lens.rows.begin() + static_cast<std::ptrdiff_t>(i), same);
    places.push_back({&lens.rows[i], layer + static_cast<double>(before) /
                                                 static_cast<double>(all)});
  }
  return places;
}

const RankedScore* ScoreOf(const LensCell& cell, bool has_targets,
                           std::size_t token) {
  if (!has_targets) return cell.final_top1 ? &*cell.final_top1 : nullptr;
  return token < cell.targets.size() ? &cell.targets[token] : nullptr;
}

double ValueOf(const RankedScore& score, Metric metric) {
  switch (metric) {
    case Metric::kProb:
      return static_cast<double>(score.score.prob);
    case Metric::kLogprob:
      return static_cast<double>(score.score.logprob);
    case Metric::kLogit:
      return static_cast<double>(score.score.logit);
    case Metric::kRank:
      return static_cast<double>(score.rank);
    case Metric::kEntropy:
    case Metric::kKl:
      break;
  }
  return 0;
}

// Fills what the lens knows of when the token leads.
void TakeDepth(const Lens& lens, std::size_t index, TargetLine& line) {
  const LensTarget* target = nullptr;
  if (!lens.targets.empty()) {
    target = &lens.targets[line.token];
  } else if (lens.followed && index + 1 == lens.positions.size()) {
    target = &*lens.followed;  // of that position only
    index = target->first_hit.empty() ? 0 : target->first_hit.size() - 1;
  }
  if (target == nullptr) return;
  if (index < target->first_hit.size()) {
    line.first_hit = target->first_hit[index];
  }
  if (index < target->stable_from.size()) {
    line.stable_from = target->stable_from[index];
  }
}

TargetLine TakeLine(const LensReport& report, Metric metric,
                    const std::vector<Place>& places, std::size_t token,
                    std::size_t index) {
  const Lens& lens = report.lens;
  TargetLine line;
  line.token = token;
  line.position = lens.positions[index];
  for (const Place& place : places) {
    if (index >= place.row->cells.size()) continue;
    const RankedScore* score =
        ScoreOf(place.row->cells[index], !lens.targets.empty(), token);
    if (score == nullptr) continue;
    line.name = QuotedText(TextOrId(report.texts, score->score.id));
    const double value = ValueOf(*score, metric);
    if (!std::isnan(value)) line.points.push_back({place.layer, value});
  }
  TakeDepth(lens, index, line);
  return line;
}

Status CheckMetric(Metric metric) {
  if (metric != Metric::kEntropy && metric != Metric::kKl) return {};
  return UsageError(
      "draw figure: targets: entropy and kl are of no token; give --metric "
      "prob, logprob, logit or rank");
}

}  // namespace

Result<std::vector<TargetLine>> TakeTargetLines(
    const LensReport& report, Metric metric,
    std::span<const std::size_t> positions) {
  PELLUCID_RETURN_IF_ERROR(CheckMetric(metric));
  const Lens& lens = report.lens;
  if (lens.targets.empty() && !FollowedToken(lens)) {
    return FailedError(
        "draw figure: targets: the lens holds none and followed no token; ask "
        "for one of them");
  }
  const std::vector<Place> places = PlacesOf(lens);
  std::vector<TargetLine> lines;
  const std::size_t tokens = std::max<std::size_t>(1, lens.targets.size());
  for (std::size_t place = 0; place < positions.size(); ++place) {
    const auto found = std::lower_bound(lens.positions.begin(),
                                        lens.positions.end(), positions[place]);
    if (found == lens.positions.end() || *found != positions[place]) {
      return UsageError(fmt::format(
          "draw figure: targets: position {} is not among --positions; list it "
          "there, or choose another",
          positions[place]));
    }
    const auto index = static_cast<std::size_t>(found - lens.positions.begin());
    for (std::size_t token = 0; token < tokens; ++token) {
      lines.push_back(TakeLine(report, metric, places, token, index));
      lines.back().place = place;
    }
  }
  return lines;
}

}  // namespace pellucid::render
