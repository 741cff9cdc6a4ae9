// What turns a piece of text into token ids: the `model` of a tokenizer.json.
//
// Each algorithm is one class in a file of its own: tokenizer/bpe.h,
// tokenizer/unigram.h, tokenizer/word_piece.h. What comes before it and after
// it knows none of them.
#ifndef PELLUCID_TOKENIZER_PIECE_MODEL_H_
#define PELLUCID_TOKENIZER_PIECE_MODEL_H_

#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace pellucid {

// Immutable. Safe to use from many threads.
class PieceModel {
 public:
  virtual ~PieceModel() = default;

  // Appends the ids of `piece`, not empty: well-formed UTF-8, or any bytes
  // where it reads bytes. False: something in it has no token, and the model
  // has none for the unknown; what was appended is of no use.
  [[nodiscard]] virtual bool Encode(std::string_view piece,
                                    std::vector<TokenId>& out) const = 0;

  virtual const Vocabulary& vocabulary() const = 0;
};
using PieceModelPtr = std::shared_ptr<const PieceModel>;

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_PIECE_MODEL_H_
