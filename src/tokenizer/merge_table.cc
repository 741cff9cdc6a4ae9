#include "tokenizer/merge_table.h"

#include <algorithm>
#include <bit>

namespace pellucid {

MergeTable::MergeTable(std::size_t merges)
    : slots_(std::bit_ceil(2 * std::max<std::size_t>(merges, 1))) {
  shift_ = 64U - static_cast<unsigned>(std::countr_zero(slots_.size()));
}

void MergeTable::Set(TokenId left, TokenId right, Merge merge) {
  const std::uint64_t key = Key(left, right);
  slots_[SlotOf(key)] = {key, merge};
}

}  // namespace pellucid
