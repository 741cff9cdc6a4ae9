// Unigram: the likeliest way to cut a piece into tokens.
//
// Kudo 2018, as Hugging Face runs it (formats 6.5): each token has a score, its
// log-probability, and Viterbi's walk over the bytes finds the tokens with the
// highest sum. A character without a token of its own costs ten less than the
// worst token; neighbours of that kind are one unknown.
#ifndef PELLUCID_TOKENIZER_UNIGRAM_H_
#define PELLUCID_TOKENIZER_UNIGRAM_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/byte_tokens.h"
#include "tokenizer/piece_model.h"
#include "tokenizer/prefix_trie.h"

namespace pellucid {

class Unigram : public PieceModel {
 public:
  struct Options {
    std::optional<TokenId> unknown = std::nullopt;  // below vocabulary size
    // What is unknown becomes the tokens of its bytes, where all have one.
    bool byte_fallback = false;
  };
  // `scores` [ids of the vocabulary], finite.
  Unigram(Vocabulary vocabulary, std::vector<double> scores,
          const Options& options);

  // O(n l) for n bytes and a longest token of l; 24 bytes of scratch a byte.
  bool Encode(std::string_view piece, std::vector<TokenId>& out) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  // The best way to a place in the piece.
  struct Step {
    double score = 0;
    std::ptrdiff_t from = -1;  // where its last token begins; -1: none yet
    TokenId id = 0;
  };
  // Steps [bytes + 1]; empty: a character is unknown and there is no token for
  // that.
  std::vector<Step> BestSteps(std::string_view piece) const;
  bool AppendToken(std::string_view text, std::vector<TokenId>& out) const;

  Vocabulary vocabulary_;
  std::vector<double> scores_;
  Options options_;
  PrefixTrie trie_;
  ByteTokens bytes_;
  double unknown_score_ = 0;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_UNIGRAM_H_
