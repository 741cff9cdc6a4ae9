// WordPiece and WordLevel: words to ids by look-up (formats 6.5).
//
// WordPiece (Schuster & Nakajima 2012, as BERT runs it) takes the longest token
// that begins a word, then the longest that continues it, spelt with a prefix
// ("##"); a word that cannot be spelt so, or is too long, is unknown as a
// whole. WordLevel knows whole words only.
#ifndef PELLUCID_TOKENIZER_WORD_PIECE_H_
#define PELLUCID_TOKENIZER_WORD_PIECE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/piece_model.h"

namespace pellucid {

class WordPiece : public PieceModel {
 public:
  struct Options {
    std::string unknown = "[UNK]";      // may be no token
    std::string prefix = "##";          // of what continues a word
    std::size_t most_characters = 100;  // of a word that is not unknown
  };
  WordPiece(Vocabulary vocabulary, Options options);

  // O(n l) look-ups for n bytes and a longest token of l.
  bool Encode(std::string_view piece, std::vector<TokenId>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  // The longest token that `rest` begins with; `end`: its bytes of `rest`.
  std::optional<TokenId> Longest(std::string_view rest, bool continues,
                                 std::size_t& end) const;

  Vocabulary vocabulary_;
  Options options_;
  std::optional<TokenId> unknown_;
  std::size_t longest_ = 0;  // token, bytes
};

class WordLevel : public PieceModel {
 public:
  // `unknown` may be no token.
  WordLevel(Vocabulary vocabulary, std::string_view unknown);

  bool Encode(std::string_view piece, std::vector<TokenId>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
  std::optional<TokenId> unknown_;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_WORD_PIECE_H_
