#include "render/depth_text.h"

#include <fmt/format.h>

#include "render/display_text.h"
#include "render/row_label.h"

namespace pellucid::render {
namespace {

// Of the last listed position, as ComputeLens found it over all blocks.
Depth LastDepth(const LensTarget& target) {
  Depth depth;
  if (!target.first_hit.empty()) depth.first_hit = target.first_hit.back();
  if (!target.stable_from.empty()) {
    depth.stable_from = target.stable_from.back();
  }
  return depth;
}

// The same from the rows at hand; `blocks` counts those used.
Depth DepthOfRows(const Lens& lens, TokenId token, std::size_t& blocks) {
  Depth depth;
  blocks = 0;
  for (const LensRow& row : lens.rows) {
    if (!IsBlockOutput(row) || row.cells.empty()) continue;
    ++blocks;
    const LensCell& cell = row.cells.back();
    if (cell.top.empty() || cell.top[0].id != token) {
      depth.stable_from.reset();
      continue;
    }
    const std::size_t layer = static_cast<std::size_t>(row.layer);
    if (!depth.first_hit) depth.first_hit = layer;
    if (!depth.stable_from) depth.stable_from = layer;
  }
  return depth;
}

// " (position 3)" where the last listed position is not the prompt's last.
std::string Where(const Lens& lens) {
  if (lens.positions.empty() || lens.positions.back() + 1 == lens.ids.size()) {
    return {};
  }
  return fmt::format(" (position {})", lens.positions.back());
}

}  // namespace

std::string DescribeDepth(const std::string& token, const Depth& depth,
                          std::size_t n_layers) {
  if (!depth.first_hit) return token + " is never top-1";
  const std::size_t first = *depth.first_hit;
  if (!depth.stable_from) {
    return fmt::format("{} is first top-1 at layer {} and does not stay", token,
                       first);
  }
  if (*depth.stable_from != first) {
    return fmt::format("{} is first top-1 at layer {} and stays from layer {}",
                       token, first, *depth.stable_from);
  }
  if (first == 0) return token + " is top-1 at every layer";
  if (first + 1 == n_layers) {
    return fmt::format("{} is top-1 only at the last layer, {}", token, first);
  }
  return fmt::format("{} is top-1 from layer {} on", token, first);
}

std::optional<TokenId> FollowedToken(const Lens& lens) {
  if (lens.followed) return lens.followed->id;
  if (lens.rows.empty() || lens.rows.back().cells.empty()) return std::nullopt;
  const LensCell& last = lens.rows.back().cells.back();
  if (!last.final_top1) return std::nullopt;
  return last.final_top1->score.id;
}

std::vector<std::string> DepthLines(const LensReport& report) {
  const Lens& lens = report.lens;
  const auto quoted = [&](TokenId id) {
    return QuotedText(TextOrId(report.texts, id));
  };
  std::vector<std::string> lines;
  if (const auto token = FollowedToken(lens)) {
    std::size_t blocks = report.model.n_layers;
    const Depth depth = lens.followed ? LastDepth(*lens.followed)
                                      : DepthOfRows(lens, *token, blocks);
    std::string line =
        DescribeDepth(quoted(*token), depth, report.model.n_layers);
    if (blocks < report.model.n_layers) line += ", of the layers shown";
    lines.push_back(line + Where(lens));
  }
  for (const LensTarget& target : lens.targets) {
    lines.push_back("target " +
                    DescribeDepth(quoted(target.id), LastDepth(target),
                                  report.model.n_layers) +
                    Where(lens));
  }
  return lines;
}

}  // namespace pellucid::render
