// BPE's loop: of all adjacent pairs of symbols the one of lowest rank merges,
// the leftmost first among equals, until none is left.
#ifndef PELLUCID_TOKENIZER_BPE_MERGE_H_
#define PELLUCID_TOKENIZER_BPE_MERGE_H_

#include <span>
#include <vector>

#include "tokenizer/merge_table.h"

namespace pellucid {

// Appends what is left of `symbols`, fewer than 2^31, whose content is lost.
// O(n log n).
void MergeSymbols(const MergeTable& table, std::span<TokenId> symbols,
                  std::vector<TokenId>& out);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_BPE_MERGE_H_
