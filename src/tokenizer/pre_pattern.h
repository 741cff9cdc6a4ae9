// Cuts a text into the pieces that byte-level BPE merges within.
//
// Hugging Face runs regular expressions with look-ahead over Unicode classes;
// here each of the known ones is a matcher written by hand (formats 6.8):
// linear time, no recursion, nothing allocated. \p{..} is Unicode 16.0, \s has
// 25 code points. All of them match every character, so pieces tile the text.
//
//   PieceCursor cursor(PrePattern::kGpt2, "it's 12");  // "it" "'s" " 12"
//   for (std::string_view piece; cursor.Next(piece);) ...
#ifndef PELLUCID_TOKENIZER_PRE_PATTERN_H_
#define PELLUCID_TOKENIZER_PRE_PATTERN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pellucid {

enum class PrePattern : std::uint8_t {
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
  // tiktoken's spelling of R2 with possessive repeats: \p{N}{1,3}+ is a repeat
  // of \p{N}{1,3} to Oniguruma, so any run of digits is one piece, and only
  // the last line end of a run of spaces ends a piece
  kCl100k,
  // R4: [^\r\n\p{L}\p{N}]?A*B+C?|[^\r\n\p{L}\p{N}]?A+B*C?|\p{N}{1,3}
  //     | ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
  // where A is [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], B is
  // [\p{Ll}\p{Lm}\p{Lo}\p{M}], C the contractions of R2
  kO200k,
  // R4 without C, and with \p{N} in place of \p{N}{1,3}
  kTekken,
};

// The pattern that tokenizer.json files spell so, to the byte; nothing for any
// other. Digits, half of kSmolLm, is no expression.
std::optional<PrePattern> FindPrePattern(std::string_view expression);

// The name that GGUF has for it, such as "llama-bpe".
std::string_view NameOf(PrePattern pattern);

// End of the stretch at `at` < text.size() that `tokenizers`' Digits leaves
// together, which takes Rust's numeric characters (Unicode 17.0) for digits:
// a run of others, or one digit, or with `runs` a run of digits.
std::size_t DigitsSegmentEnd(std::string_view text, std::size_t at, bool runs);

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

#endif  // PELLUCID_TOKENIZER_PRE_PATTERN_H_
