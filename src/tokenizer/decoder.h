// Tokens to text: the `decoder` of a tokenizer.json (formats 6.6).
//
//   byte level   the characters of a token stand for bytes; a token with one
//                that stands for none is taken as it is. All bytes together
//                are the text, what is no UTF-8 in them U+FFFD
//   none         the tokens with a space between them
#ifndef PELLUCID_TOKENIZER_DECODER_H_
#define PELLUCID_TOKENIZER_DECODER_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pellucid {

enum class Decoder : std::uint8_t { kByteLevel, kNone };

// The text of `tokens`, strings as they stand in the vocabulary.
std::string DecodeTokens(Decoder decoder,
                         std::span<const std::string_view> tokens);

// The bytes that `token` adds to a text, joints aside.
std::string DecodeToken(Decoder decoder, std::string_view token);

// The string that stands for `bytes` in the vocabulary, if one token does.
std::string SpellToken(Decoder decoder, std::string_view bytes);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_DECODER_H_
