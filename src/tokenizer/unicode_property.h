// Properties of characters beside those of tokenizer/unicode_tables.h: what
// \p{..} of a pattern is translated into, and classes that few steps ask for.
//
// Three more versions of Unicode, because the `tokenizers` library carries so
// many: categories and scripts of its regular expressions are of 16.0, the
// scripts of UnicodeScripts of 9.0, the classes of Punctuation and BERT of 8.0.
#ifndef PELLUCID_TOKENIZER_UNICODE_PROPERTY_H_
#define PELLUCID_TOKENIZER_UNICODE_PROPERTY_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/unicode_ranges.h"  // CodeRange

namespace pellucid {

// The code points of Unicode 16.0 that \p{name} stands for, in rising order: a
// general category ("L", "Lu", "Letter"), a group of them, or a script
// ("Han"); of any case, and with or without "_", "-" and spaces, as patterns
// write it. Nothing for another name.
std::optional<std::vector<CodeRange>> FindProperty(std::string_view name);

// \w of Oniguruma with Unicode 16.0, not quite Rust's (formats 6.12.9): inside
// of brackets it lacks the six `fractions`, superscripts and fractions of
// Latin-1.
std::vector<CodeRange> OnigurumaWord(bool fractions);

// Classes of Unicode 8.0, of a crate that Rust programs use.
enum class OldClass : std::uint8_t {
  kPunctuation,  // P, without the symbols of ASCII
  kMark,         // Mn
  kOther,        // Cc, Cf, Co
};
bool IsOldClass(char32_t code, OldClass wanted);

// The script of Unicode 9.0, as a number; kNoScript where it has none.
inline constexpr std::uint8_t kNoScript = 255;
std::uint8_t OldScriptOf(char32_t code);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_UNICODE_PROPERTY_H_
