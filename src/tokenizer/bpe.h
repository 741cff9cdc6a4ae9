// Byte-level BPE: one piece of text to token ids.
//
// Sennrich, Haddow & Birch 2016, as Hugging Face runs it (formats 6.5): the
// bytes of the piece are the first symbols; of all adjacent pairs the one of
// lowest rank merges, the leftmost first among equals, until none is left.
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

// Immutable; owns its tables. Safe to use from many threads.
class Bpe {
 public:
  // `tokens` [ids] and `merges` [ranks], "left right" with one space, are in
  // the byte alphabet; a later duplicate of a pair overrides. `name` stands
  // for the file in messages. kModel: a merge of another form, or whose parts
  // or result are no tokens; more tokens or merges than ids can count.
  static Result<Bpe> Make(std::span<const std::string_view> tokens,
                          std::span<const std::string_view> merges,
                          const std::string& name);

  // Appends the ids of `piece`, any bytes. A byte without a token of its own
  // is dropped, as HF does without an unknown token. O(n log n).
  void Encode(std::string_view piece, std::vector<TokenId>& out) const;

  // The token that is `piece` as a whole, whether or not merges lead to it
  // (what ignore_merges asks first).
  std::optional<TokenId> WholePiece(std::string_view piece) const;

  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  Bpe(Vocabulary vocabulary, MergeTable merges);

  void EncodeShort(std::span<TokenId> symbols, std::vector<TokenId>& out) const;
  void EncodeLong(std::span<const TokenId> symbols,
                  std::vector<TokenId>& out) const;

  Vocabulary vocabulary_;
  MergeTable merges_;
  std::array<TokenId, 256> byte_tokens_;  // -1: no token
  std::size_t longest_token_ = 0;         // bytes, in the byte alphabet
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_BPE_H_
