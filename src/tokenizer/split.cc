#include "tokenizer/split.h"

#include <algorithm>
#include <cstddef>

namespace pellucid {
namespace {

// A stretch of the text, with its role after `invert`.
struct Part {
  std::size_t begin = 0, end = 0;
  bool is_match = false;
};

// Matches and gaps that tile the text. Empty matches are parts, as upstream:
// they keep what stands before and after them from being neighbours.
std::vector<Part> Tile(std::string_view text,
                       std::span<const MatchSpan> matches, bool invert) {
  std::vector<Part> parts;
  std::size_t at = 0;
  for (const MatchSpan& match : matches) {
    if (at != match.begin) parts.push_back({at, match.begin, invert});
    parts.push_back({match.begin, match.end, !invert});
    at = match.end;
  }
  if (at != text.size()) parts.push_back({at, text.size(), invert});
  return parts;
}

// Lets each part join the one before it, in the order given, where
// joins(is_match, whether the part before is one) says so.
template <typename Joins>
std::vector<Part> Join(std::span<const Part> parts, const Joins& joins) {
  std::vector<Part> joined;
  bool before = false;
  for (const Part& part : parts) {
    if (!joined.empty() && joins(part.is_match, before)) {
      joined.back().begin = std::min(joined.back().begin, part.begin);
      joined.back().end = std::max(joined.back().end, part.end);
    } else {
      joined.push_back(part);
    }
    before = part.is_match;
  }
  return joined;
}

}  // namespace

void AppendSplit(std::string_view text, std::span<const MatchSpan> matches,
                 SplitBehavior behavior, bool invert,
                 std::vector<std::string_view>& pieces) {
  std::vector<Part> parts = Tile(text, matches, invert);
  const auto starts_match = [](bool is_match, bool before) {
    return is_match && !before;
  };
  switch (behavior) {
    case SplitBehavior::kRemoved:
      std::erase_if(parts, [](const Part& part) { return part.is_match; });
      break;
    case SplitBehavior::kIsolated:
      break;
    case SplitBehavior::kMergedWithPrevious:
      parts = Join(parts, starts_match);
      break;
    case SplitBehavior::kMergedWithNext:
      std::reverse(parts.begin(), parts.end());
      parts = Join(parts, starts_match);
      std::reverse(parts.begin(), parts.end());
      break;
    case SplitBehavior::kContiguous:
      parts = Join(
          parts, [](bool is_match, bool before) { return is_match == before; });
      break;
  }
  for (const Part& part : parts) {
    if (part.begin == part.end) continue;
    pieces.push_back(text.substr(part.begin, part.end - part.begin));
  }
}

}  // namespace pellucid
