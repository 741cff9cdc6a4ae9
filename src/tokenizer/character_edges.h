// The characters beside a place in a text, which is what rules on white space
// and on whole words ask for.
#ifndef PELLUCID_TOKENIZER_CHARACTER_EDGES_H_
#define PELLUCID_TOKENIZER_CHARACTER_EDGES_H_

#include <cstddef>
#include <string_view>

namespace pellucid {

// Offset of the last character of `text`, well-formed UTF-8 and not empty.
inline std::size_t LastCharacter(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
  return at;
}

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_CHARACTER_EDGES_H_
