// BPE: one piece of text to token ids.
//
// Sennrich, Haddow & Birch 2016, as Hugging Face runs it (formats 6.5): the
// first symbols of the piece (tokenizer/bpe_symbols.h) merge pair by pair
// (tokenizer/bpe_merge.h). Two short cuts that change no id: text without word
// boundaries is taken apart where no merge can reach across
// (tokenizer/char_pairs.h), and a word that is a token is looked up, once its
// merges are known to lead there.
#ifndef PELLUCID_TOKENIZER_BPE_H_
#define PELLUCID_TOKENIZER_BPE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/bpe_symbols.h"
#include "tokenizer/char_pairs.h"
#include "tokenizer/merge_reader.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/piece_model.h"

namespace pellucid {

// Owns its tables.
class Bpe : public PieceModel {
 public:
  // `merges` [ranks] and errors: see ReadMergePairs.
  static Result<std::shared_ptr<const Bpe>> Make(
      Vocabulary vocabulary, std::span<const MergePair> merges,
      const std::string& name, BpeOptions options = {});
  // `merges`: of ids of the vocabulary.
  Bpe(Vocabulary vocabulary, MergeTable merges, BpeOptions options);

  // O(n log n).
  bool Encode(std::string_view piece, std::vector<TokenId>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }

  // The token that is `piece` as a whole, whether or not merges lead to it.
  std::optional<TokenId> WholePiece(std::string_view piece) const;

 private:
  // Whether merges make a token of its own text: looked at when it first
  // comes, so that opening a vocabulary does not merge it all.
  enum Reach : std::uint8_t { kUnseen, kReached, kMissed };

  bool EncodeCharacters(std::string_view piece,
                        std::vector<TokenId>& out) const;
  // `symbols`: those of `word`; their content is lost.
  void EncodeWord(std::string_view word, std::span<TokenId> symbols,
                  std::vector<TokenId>& out) const;

  Vocabulary vocabulary_;
  MergeTable merges_;
  BpeSymbols symbols_;
  CharPairs pairs_;    // where symbols are plain characters
  bool cuts_ = false;  // by pairs_
  bool ignore_merges_ = false;
  std::vector<std::uint8_t> whole_;
  std::unique_ptr<std::atomic<std::uint8_t>[]> reach_;  // [ids]
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_BPE_H_
