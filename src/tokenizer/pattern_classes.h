// Pins the Unicode of a regular expression.
//
// \p{L} in a pattern means what the installed Oniguruma knows, Unicode 14.0 in
// release 6.9.8, while the one inside of `tokenizers` knows 16.0 (formats
// 6.10). So \p{..}, \w and \d become the ranges of 16.0 before the pattern is
// compiled; nothing else in it changes.
#ifndef PELLUCID_TOKENIZER_PATTERN_CLASSES_H_
#define PELLUCID_TOKENIZER_PATTERN_CLASSES_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace pellucid {

// `pattern` with its classes written out: general categories, scripts, \w and
// \d, within brackets or not, negated or not. A class inside brackets is a
// class, so the place does not matter. A pattern with options that make classes
// ASCII's stays what it is. Ends soon after `most` bytes.
std::string PinClasses(std::string_view pattern, std::size_t most);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_PATTERN_CLASSES_H_
