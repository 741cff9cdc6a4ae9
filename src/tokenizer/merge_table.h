// Which pairs of tokens merge, in what order, into what.
//
// An open-addressing table from a pair of ids to rank and result, asked once
// or twice for every symbol of a text.
#ifndef PELLUCID_TOKENIZER_MERGE_TABLE_H_
#define PELLUCID_TOKENIZER_MERGE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pellucid/tokenizer.h"  // TokenId
#include "tokenizer/hash_seed.h"

namespace pellucid {

struct Merge {
  std::uint32_t rank = 0;  // lower merges first
  TokenId result = 0;
};

class MergeTable {
 public:
  // Room for `merges` pairs; no more may be set.
  explicit MergeTable(std::size_t merges);

  // Overrides what was set for the pair before.
  void Set(TokenId left, TokenId right, Merge merge);

  // Null where the pair does not merge. Lives until the next Set().
  const Merge* Find(TokenId left, TokenId right) const {
    const Slot& slot = slots_[SlotOf(Key(left, right))];
    return slot.key == kFree ? nullptr : &slot.merge;
  }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};  // ids are >= 0
  struct Slot {
    std::uint64_t key = kFree;
    Merge merge;
  };

  static std::uint64_t Key(TokenId left, TokenId right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
           static_cast<std::uint32_t>(right);
  }

  // The slot that holds `key`, else the free one where it would go.
  std::size_t SlotOf(std::uint64_t key) const {
    // Fibonacci hashing; the fold lets both ids reach the top bits.
    constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;
    std::uint64_t hash = (key ^ seed_) * kMultiplier;
    hash = (hash ^ (hash >> 32)) * kMultiplier;
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash >> shift_;
    while (slots_[at].key != kFree && slots_[at].key != key) {
      at = (at + 1) & mask;
    }
    return at;
  }

  std::uint64_t seed_ = HashSeed();
  unsigned shift_;           // 64 - log2(slots_.size())
  std::vector<Slot> slots_;  // a power of two, at most half full
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_MERGE_TABLE_H_
