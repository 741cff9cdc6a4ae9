#include "tokenizer/merge_table.h"

#include <algorithm>

namespace pellucid {

MergeTable::MergeTable(std::size_t merges)
    : slots_(2 * std::max<std::size_t>(merges, 1)) {}

void MergeTable::Set(TokenId left, TokenId right, Merge merge) {
  const std::uint64_t key = Key(left, right);
  slots_[SlotOf(key)] = {key, merge};
}

}  // namespace pellucid
