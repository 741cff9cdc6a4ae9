// UTF-8 as the rest of the project needs it: validity, characters, and display
// of bytes that are no text.
#ifndef PELLUCID_BASE_UTF8_H_
#define PELLUCID_BASE_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pellucid {

// Byte offset of the first byte that is not part of well-formed UTF-8
// (Unicode 15, table 3-7: no surrogates, no overlong forms), or nothing.
std::optional<std::size_t> FirstInvalidUtf8(std::string_view text);

struct Utf8Char {
  char32_t code = 0;
  std::size_t bytes = 0;  // length of its encoding
};

// The character at `offset` < text.size(); `text` must be well-formed.
Utf8Char DecodeUtf8(std::string_view text, std::size_t offset);

// Appends the encoding of `code`, a Unicode scalar value.
void AppendUtf8(char32_t code, std::string& out);

// Replaces each maximal ill-formed part (Unicode 15, section 3.9, "U+FFFD
// substitution of maximal subparts") by U+FFFD.
std::string LossyUtf8(std::string_view bytes);

// `bytes` where they are well-formed; each byte that is not becomes "<0xE2>".
std::string ShowBytes(std::string_view bytes);

}  // namespace pellucid

#endif  // PELLUCID_BASE_UTF8_H_
