#include "tokenizer/decoder.h"

#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"

namespace pellucid {

std::string DecodeTokens(Decoder decoder,
                         std::span<const std::string_view> tokens) {
  std::string bytes;
  for (const std::string_view& token : tokens) {
    if (decoder == Decoder::kNone) {
      if (&token != &tokens.front()) bytes += ' ';
      bytes.append(token);
    } else if (!AppendAlphabetBytes(token, bytes)) {
      bytes.append(token);
    }
  }
  return LossyUtf8(bytes);
}

std::string DecodeToken(Decoder decoder, std::string_view token) {
  std::string bytes;
  if (decoder == Decoder::kNone || !AppendAlphabetBytes(token, bytes)) {
    bytes = token;
  }
  return bytes;
}

std::string SpellToken(Decoder decoder, std::string_view bytes) {
  if (decoder == Decoder::kNone) return std::string(bytes);
  std::string spelt;
  AppendAlphabet(bytes, spelt);
  return spelt;
}

}  // namespace pellucid
