// The `Precompiled` normaliser of T5, XLM-R and their kin: SentencePiece's own
// table of replacements.
//
// A charsmap is a double-array trie (Aoe 1989, in Darts' layout) of what is to
// be replaced, and the replacements one after another, each ended by a zero
// byte. Hugging Face asks it for a short grapheme as a whole, then for each
// character, and takes the shortest key that the text begins with: odd, but it
// is what the models were trained with.
#ifndef PELLUCID_TOKENIZER_PRECOMPILED_H_
#define PELLUCID_TOKENIZER_PRECOMPILED_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"

namespace pellucid {

// The bytes of a text in base64 with padding; nothing: it is none.
std::optional<std::string> DecodeBase64(std::string_view text);

// Immutable.
class Charsmap {
 public:
  // `blob`: the size of the trie in bytes as 32 bits, little-endian, the trie,
  // the replacements. kModel: cut, or replacements that are no UTF-8; the
  // message lacks operation and object.
  static Result<Charsmap> Parse(std::string_view blob);

  // Appends `text`, well-formed UTF-8, with its replacements. False: it would
  // come to more than `most` bytes.
  bool Append(std::string_view text, std::size_t most, std::string& out) const;

 private:
  std::optional<std::string_view> Find(std::string_view text) const;

  std::vector<std::uint32_t> trie_;  // units of the double array
  std::string replacements_;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_PRECOMPILED_H_
