// Which characters stand side by side in some token.
//
// Between two that do so in none, no merge of characters reaches across, so
// that BPE may take both sides apart: a text of a vocabulary without word
// boundaries (Llama 2, Gemma) falls into words after all, and ids stay what
// they are.
#ifndef PELLUCID_TOKENIZER_CHAR_PAIRS_H_
#define PELLUCID_TOKENIZER_CHAR_PAIRS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace pellucid {

// Immutable; 1 MiB.
class CharPairs {
 public:
  // No pair at all.
  CharPairs() = default;
  // The pairs in the strings of `vocabulary`, those that are UTF-8.
  explicit CharPairs(const Vocabulary& vocabulary);

  // False: no token has `right` behind `left`. True may be wrong (for one pair
  // in thirty with Gemma's 262,144 tokens): a set of bits by hash.
  bool MayStand(char32_t left, char32_t right) const {
    const std::uint32_t bit = BitOf(left, right);
    return (bits_[bit / 64] >> (bit % 64) & 1) != 0;
  }

 private:
  static constexpr unsigned kBits = 23;
  static std::uint32_t BitOf(char32_t left, char32_t right) {
    constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;
    const std::uint64_t pair = std::uint64_t{left} << 21 | right;
    return static_cast<std::uint32_t>(pair * kMultiplier >> (64 - kBits));
  }

  std::vector<std::uint64_t> bits_;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_CHAR_PAIRS_H_
