#include "analysis/patch_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/quote.h"

namespace pellucid {
namespace {

constexpr std::array<std::pair<std::string_view, Point>, 10> kSites = {
    {{"resid_pre", Point::kResidPre},
     {"resid_mid", Point::kResidMid},
     {"resid_post", Point::kResidPost},
     {"attn_out", Point::kAttn},
     {"mlp_out", Point::kMlp},
     {"z", Point::kZ},
     {"q", Point::kQuery},
     {"k", Point::kKey},
     {"v", Point::kValue},
     {"pattern", Point::kPattern}}};

// Pairs up the last tokens of two ranges.
void PairEnds(TokenSpan to, TokenSpan from, std::vector<std::size_t>& out) {
  while (to.end > to.begin && from.end > from.begin) {
    out[--to.end] = --from.end;
  }
}

bool Within(TokenSpan span, std::size_t tokens) {
  return span.begin < span.end && span.end <= tokens;
}

}  // namespace

Result<Point> PatchPointOf(const SiteTable& table, const std::string& site) {
  std::vector<std::string_view> names;
  for (const auto& [name, point] : kSites) {
    if (name == site) {
      if (table.Has({point, 0})) return point;
      return UsageError(fmt::format(
          "patch: {}: this architecture has no such point; choose another site",
          site));
    }
    names.push_back(name);
  }
  return UsageError(
      fmt::format("patch: site \"{}\": is not known; choose one of {}",
                  Quote(site), fmt::join(names, ", ")));
}

Result<std::vector<std::size_t>> PairPositions(std::span<const TokenId> to,
                                               std::span<const TokenId> from,
                                               PatchAlign align,
                                               TokenSpan to_span,
                                               TokenSpan from_span) {
  std::vector<std::size_t> out(to.size(), kUnpaired);
  if (align == PatchAlign::kStrict) {
    if (to.size() != from.size()) {
      return UsageError(fmt::format(
          "patch: prompts of {} and {} tokens: have different lengths; align "
          "them by tokens or by a span, or use prompts of one length",
          to.size(), from.size()));
    }
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = i;
    return out;
  }
  if (align == PatchAlign::kTokens) {
    const std::size_t shorter = std::min(to.size(), from.size());
    std::size_t front = 0, back = 0;
    while (front < shorter && to[front] == from[front]) ++front;
    while (back < shorter - front &&
           to[to.size() - 1 - back] == from[from.size() - 1 - back]) {
      ++back;
    }
    to_span = {front, to.size() - back};
    from_span = {front, from.size() - back};
  } else if (!Within(to_span, to.size()) || !Within(from_span, from.size())) {
    return UsageError(fmt::format(
        "patch: spans [{}, {}) of {} tokens and [{}, {}) of {}: one of them "
        "holds no token; mark a part of each prompt",
        to_span.begin, to_span.end, to.size(), from_span.begin, from_span.end,
        from.size()));
  }
  PairEnds({0, to_span.begin}, {0, from_span.begin}, out);
  PairEnds(to_span, from_span, out);
  PairEnds({to_span.end, to.size()}, {from_span.end, from.size()}, out);
  return out;
}

std::size_t SharedBeginning(std::span<const TokenId> to,
                            std::span<const TokenId> from,
                            std::span<const std::size_t> source_of) {
  std::size_t shared = 0;
  while (shared < source_of.size() && source_of[shared] == shared &&
         to[shared] == from[shared]) {
    ++shared;
  }
  return shared;
}

LayerRange WindowOf(std::size_t layer, std::size_t window,
                    std::size_t n_layers) {
  const std::size_t before = (window - 1) / 2;
  const std::size_t first = layer - std::min(layer, before);
  return {first, std::min(layer + window - before, n_layers)};
}

}  // namespace pellucid
