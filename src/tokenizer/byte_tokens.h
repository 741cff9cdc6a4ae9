// The tokens "<0x00>" to "<0xFF>", which stand for the bytes of characters
// that a vocabulary lacks (byte fallback).
#ifndef PELLUCID_TOKENIZER_BYTE_TOKENS_H_
#define PELLUCID_TOKENIZER_BYTE_TOKENS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace pellucid {

// "<0xE2>".
std::string ByteTokenText(std::uint8_t byte);

// The byte that "<0xE2>" stands for; also of "<0xe2>" and "<0x+2>", which the
// number parser of Rust takes.
std::optional<std::uint8_t> ByteOfToken(std::string_view text);

// Cheap to copy.
class ByteTokens {
 public:
  ByteTokens() { ids_.fill(-1); }
  explicit ByteTokens(const Vocabulary& vocabulary);

  // Appends the tokens of `bytes`; false, and nothing appended: one of them has
  // none.
  bool Append(std::string_view bytes, std::vector<TokenId>& out) const;

 private:
  std::array<TokenId, 256> ids_;  // -1: no token
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_BYTE_TOKENS_H_
