// BPE: one piece of text to token ids.
//
// Sennrich, Haddow & Birch 2016, as Hugging Face runs it (formats 6.5): the
// bytes of the piece, spelt in the byte alphabet, or its characters are the
// first symbols; of all adjacent pairs the one of lowest rank merges, the
// leftmost first among equals, until none is left.
#ifndef PELLUCID_TOKENIZER_BPE_H_
#define PELLUCID_TOKENIZER_BPE_H_

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/vocabulary.h"

namespace pellucid {

// Two tokens that may stand side by side.
struct MergePair {
  std::string_view left, right;
};

struct BpeOptions {
  bool byte_level = true;  // symbols are bytes; false: characters
  // Stands for a symbol without a token of its own; absent: those are dropped.
  std::optional<std::string> unknown = std::nullopt;
  bool fuse_unknown = false;  // neighbours without a token become one
};

// Immutable; owns its tables. Safe to use from many threads.
class Bpe {
 public:
  // `merges` [ranks]; a later duplicate of a pair overrides. `name` stands for
  // the file in messages. kModel: a merge whose parts or result are no tokens,
  // an unknown token that is none, more merges than ids can count.
  static Result<Bpe> Make(Vocabulary vocabulary,
                          std::span<const MergePair> merges,
                          const std::string& name,
                          const BpeOptions& options = {});

  // Appends the ids of `piece`: any bytes, or well-formed UTF-8 where symbols
  // are characters. O(n log n).
  void Encode(std::string_view piece, std::vector<TokenId>& out) const;

  // The token that is `piece` as a whole, whether or not merges lead to it
  // (what ignore_merges asks first).
  std::optional<TokenId> WholePiece(std::string_view piece) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  Bpe(Vocabulary vocabulary, MergeTable merges, const BpeOptions& options);

  // Writes the symbols of `piece` to `symbols`, which has room for one a byte,
  // and returns how many there are.
  std::size_t Symbols(std::string_view piece, std::span<TokenId> symbols) const;
  void EncodeShort(std::span<TokenId> symbols, std::vector<TokenId>& out) const;
  void EncodeLong(std::span<const TokenId> symbols,
                  std::vector<TokenId>& out) const;

  Vocabulary vocabulary_;
  MergeTable merges_;
  bool byte_level_, fuse_unknown_;
  TokenId unknown_;                       // -1: none
  std::array<TokenId, 256> byte_tokens_;  // -1: no token
  std::size_t longest_token_ = 0;         // bytes, as the vocabulary spells
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_BPE_H_
