// The strings of a vocabulary by id, and ids by string.
//
// All strings lie in one arena; the look-up is an open-addressing table,
// because a vocabulary of 49,152 tokens must be ready in a few milliseconds and
// std::unordered_map takes ten times as long to fill. Opening a model waits for
// memory more than it computes: so the table holds the first bytes of each
// string, which are all of most, and many strings are looked up at once, with
// their places asked for ahead.
#ifndef PELLUCID_TOKENIZER_VOCABULARY_H_
#define PELLUCID_TOKENIZER_VOCABULARY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/tokenizer.h"  // TokenId
#include "tokenizer/hash_seed.h"

namespace pellucid {

class Vocabulary {
 public:
  // Copies `tokens` [ids], at most kMaxTokens of them. Of equal strings the
  // last one is found, as in a Python dict of tokens. A view without data is
  // an id without a token: its text is empty, and no text finds it.
  static constexpr std::size_t kMaxTokens = std::size_t{1} << 28;
  explicit Vocabulary(std::span<const std::string_view> tokens);

  std::size_t size() const { return begins_.size() - 1; }

  // String of `id` < size(). The view lives as long as the vocabulary stays
  // where it is.
  std::string_view Text(TokenId id) const {
    const auto i = static_cast<std::size_t>(id);
    return std::string_view(arena_).substr(begins_[i],
                                           begins_[i + 1] - begins_[i]);
  }

  std::optional<TokenId> Find(std::string_view text) const;

  // Bytes of the longest string.
  std::size_t LongestText() const { return longest_; }

  // Sets ids[i] to the token that is texts[i], or to -1, for each i.
  void FindMany(std::span<const std::string_view> texts,
                std::span<TokenId> ids) const;

  // A token whose string an earlier one has too, if there is one.
  std::optional<TokenId> duplicate() const { return duplicate_; }

  // So many strings FindMany looks up together: more than the cache misses that
  // a core has under way at once.
  static constexpr std::size_t kAhead = 32;

 private:
  // What the table knows a string by; it is the string itself, if that is
  // short.
  struct Key {
    std::uint64_t word = 0;  // the first bytes
    std::uint32_t tag = 0;   // of the hash, and the size
    std::uint32_t home = 0;  // of the hash: where to look first
  };
  struct Slot {
    std::uint64_t word = 0;
    std::uint32_t tag = 0;
    TokenId id = -1;  // -1: free
  };
  Key KeyOf(std::string_view text) const;
  void Add(std::string_view token, const Key& key);
  std::size_t SlotOf(std::string_view text, const Key& key) const;
  // FindMany of at most kAhead strings.
  void FindGroup(std::span<const std::string_view> texts, TokenId* ids) const;

  std::string arena_;
  std::vector<std::size_t> begins_;  // [size() + 1], offsets into arena_
  std::size_t longest_ = 0;          // string, bytes
  std::uint64_t seed_ = HashSeed();
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::optional<TokenId> duplicate_;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_VOCABULARY_H_
