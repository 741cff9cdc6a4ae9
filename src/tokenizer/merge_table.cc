#include "tokenizer/merge_table.h"

#include <algorithm>

namespace pellucid {

MergeTable::MergeTable(std::size_t merges)
    : slots_(2 * std::max<std::size_t>(merges, 1)) {}

MergeTable::MergeTable(std::span<const MergeIds> merges)
    : MergeTable(merges.size()) {
  constexpr std::size_t kAhead = 16;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    if (rank + kAhead < merges.size()) {
      const MergeIds& later = merges[rank + kAhead];
      Prefetch(later.left, later.right);
    }
    const auto& [left, right, result] = merges[rank];
    Set(left, right, {static_cast<std::uint32_t>(rank), result});
  }
}

void MergeTable::Set(TokenId left, TokenId right, Merge merge) {
  const std::uint64_t key = Key(left, right);
  slots_[SlotOf(key)] = {key, merge};
}

}  // namespace pellucid
