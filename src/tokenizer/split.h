// What becomes of the matches of a pattern: the behaviours of `tokenizers`'
// Split, and of other pre-tokenisers that find something (formats 6.4).
//
// A text falls into matches and the gaps between them. On " " and "a  b":
//
//   removed              a, b            the matches are gone
//   isolated             a, " ", " ", b  each is a piece
//   merged_with_previous "a ", " ", b    a match ends the gap before it
//   merged_with_next     a, " ", " b"    it begins the one after it
//   contiguous           a, "  ", b      neighbours of a kind are one piece
#ifndef PELLUCID_TOKENIZER_SPLIT_H_
#define PELLUCID_TOKENIZER_SPLIT_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/regex.h"  // MatchSpan

namespace pellucid {

enum class SplitBehavior : std::uint8_t {
  kRemoved,
  kIsolated,
  kMergedWithPrevious,
  kMergedWithNext,
  kContiguous,
};

// Appends the pieces of `text`, none of them empty. `matches`: in rising order
// without overlaps. `invert`: matches and gaps change roles.
void AppendSplit(std::string_view text, std::span<const MatchSpan> matches,
                 SplitBehavior behavior, bool invert,
                 std::vector<std::string_view>& pieces);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_SPLIT_H_
