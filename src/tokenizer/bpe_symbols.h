// The first symbols of a piece, before BPE merges any.
//
// Bytes in the byte alphabet, or characters; of these, the ones that the
// vocabulary lacks become the tokens of their bytes, or the unknown token, or
// nothing (formats 6.5).
#ifndef PELLUCID_TOKENIZER_BPE_SYMBOLS_H_
#define PELLUCID_TOKENIZER_BPE_SYMBOLS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/byte_tokens.h"
#include "tokenizer/vocabulary.h"

namespace pellucid {

struct BpeOptions {
  bool byte_level = true;  // symbols are bytes; false: characters
  // Stands for a symbol without a token of its own; absent: those are dropped.
  std::optional<std::string> unknown = std::nullopt;
  bool fuse_unknown = false;   // neighbours without a token become one
  bool byte_fallback = false;  // of characters: "<0xE2>"
  // Of characters: spelt before all but the first of a piece, after the last.
  std::string prefix = {}, suffix = {};
  // A piece that is a token is that token, whether or not merges lead to it.
  bool ignore_merges = false;
  // [ids]: not zero for those that a whole piece may be; empty: all.
  std::vector<std::uint8_t> whole = {};
};

// Knows the vocabulary that it was made from only by ids.
class BpeSymbols {
 public:
  BpeSymbols(const Vocabulary& vocabulary, BpeOptions options);

  bool byte_level() const { return options_.byte_level; }
  const BpeOptions& options() const { return options_; }

  // The token of one byte, or of a character without prefix and suffix; -1:
  // none.
  TokenId OfByte(std::uint8_t byte) const { return byte_tokens_[byte]; }
  TokenId OfCharacter(const Vocabulary& vocabulary, std::string_view character,
                      char32_t code) const {
    if (code < kDirect) return direct_[code];
    return vocabulary.Find(character).value_or(-1);
  }

  // Appends the symbols of `piece`. False: one is unknown, and the unknown
  // token is none of the vocabulary.
  bool Append(const Vocabulary& vocabulary, std::string_view piece,
              std::vector<TokenId>& out) const;

 private:
  static constexpr char32_t kDirect = 0x3000;  // characters with a table

  class Writer;
  bool AppendCharacters(const Vocabulary& vocabulary, std::string_view piece,
                        Writer& writer) const;

  BpeOptions options_;
  TokenId unknown_ = -1;  // -1: none
  ByteTokens fallback_;
  std::array<TokenId, 256> byte_tokens_;
  std::vector<TokenId> direct_;  // [kDirect], of characters
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_BPE_SYMBOLS_H_
