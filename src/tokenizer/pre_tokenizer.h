// Cuts a text into the pieces that byte-level BPE merges within.
//
// Hugging Face runs regular expressions with look-ahead over Unicode classes;
// here each of the known ones is a matcher written by hand (formats 6.8):
// linear time, no recursion, nothing allocated. \p{..} is Unicode 16.0, \s has
// 25 code points. All of them match every character, so pieces tile the text.
//
//   PieceCursor cursor(PrePattern::kGpt2, "it's 12");  // "it" "'s" " 12"
//   for (std::string_view piece; cursor.Next(piece);) ...
#ifndef PELLUCID_TOKENIZER_PRE_TOKENIZER_H_
#define PELLUCID_TOKENIZER_PRE_TOKENIZER_H_

#include <cstddef>
#include <string_view>

namespace pellucid {

enum class PrePattern {
  // R1: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+
  //     |\s+(?!\S)|\s+
  kGpt2,
  // Digits (every numeric character alone), then R1 on each piece as a text of
  // its own: (?!\S) does not see past the piece.
  kSmolLm,
  // R2: (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
  //     | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  kLlama3,
  // R3: R2 with \p{N} in place of \p{N}{1,3}
  kQwen2,
};

// Walks over the pieces of `text`, well-formed UTF-8 that outlives the cursor.
class PieceCursor {
 public:
  PieceCursor(PrePattern pattern, std::string_view text)
      : pattern_(pattern), text_(text) {}

  // The next piece, a view of the text, never empty; false after the last.
  bool Next(std::string_view& piece);

 private:
  PrePattern pattern_;
  std::string_view text_;
  std::size_t at_ = 0;           // bytes before the next piece
  std::size_t segment_end_ = 0;  // end of what the pattern sees as its text
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_PRE_TOKENIZER_H_
