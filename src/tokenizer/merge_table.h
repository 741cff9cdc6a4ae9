// Which pairs of tokens merge, in what order, into what.
//
// An open-addressing table from a pair of ids to rank and result, asked once
// or twice for every symbol of a text.
#ifndef PELLUCID_TOKENIZER_MERGE_TABLE_H_
#define PELLUCID_TOKENIZER_MERGE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pellucid/tokenizer.h"  // TokenId
#include "tokenizer/hash_seed.h"

namespace pellucid {

struct Merge {
  std::uint32_t rank = 0;  // lower merges first
  TokenId result = 0;
};

// A pair of tokens, and the token that it becomes.
struct MergeIds {
  TokenId left = 0, right = 0, result = 0;
};

class MergeTable {
 public:
  // Room for `merges` pairs, fewer than 2^31; no more may be set.
  explicit MergeTable(std::size_t merges);
  // `merges` [ranks]; a later one of a pair overrides.
  explicit MergeTable(std::span<const MergeIds> merges);

  // Overrides what was set for the pair before.
  void Set(TokenId left, TokenId right, Merge merge);

  // Asks for the pair's place in memory, for a Set that follows soon.
  void Prefetch(TokenId left, TokenId right) const {
    __builtin_prefetch(&slots_[HomeOf(Key(left, right))], /*to write*/ 1);
  }

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

  // Where `key` would lie in an empty table: hashed as Fibonacci hashing does,
  // the fold lets both ids reach the top bits; then scaled to the slots, whose
  // number need not be a power of two.
  std::size_t HomeOf(std::uint64_t key) const {
    constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;
    std::uint64_t hash = (key ^ seed_) * kMultiplier;
    hash = (hash ^ (hash >> 32)) * kMultiplier;
    return static_cast<std::size_t>((hash >> 32) * slots_.size() >> 32);
  }

  // The slot that holds `key`, else the free one where it would go.
  std::size_t SlotOf(std::uint64_t key) const {
    std::size_t at = HomeOf(key);
    while (slots_[at].key != kFree && slots_[at].key != key) {
      if (++at == slots_.size()) at = 0;
    }
    return at;
  }

  std::uint64_t seed_ = HashSeed();
  std::vector<Slot> slots_;  // half full, fewer than 2^32
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_MERGE_TABLE_H_
