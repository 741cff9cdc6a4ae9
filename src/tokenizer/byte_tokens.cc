#include "tokenizer/byte_tokens.h"

#include <algorithm>
#include <cstddef>

#include "fmt/format.h"

namespace pellucid {
namespace {

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

}  // namespace

std::string ByteTokenText(std::uint8_t byte) {
  return fmt::format("<0x{:02X}>", byte);
}

std::optional<std::uint8_t> ByteOfToken(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') {
    return std::nullopt;
  }
  const auto high = text[3] == '+' ? std::optional(0) : HexDigit(text[3]);
  const auto low = HexDigit(text[4]);
  if (!high || !low) return std::nullopt;
  return static_cast<std::uint8_t>(16 * *high + *low);
}

ByteTokens::ByteTokens(const Vocabulary& vocabulary) {
  for (std::size_t byte = 0; byte < ids_.size(); ++byte) {
    const std::string text = ByteTokenText(static_cast<std::uint8_t>(byte));
    ids_[byte] = vocabulary.Find(text).value_or(-1);
  }
}

bool ByteTokens::Append(std::string_view bytes,
                        std::vector<TokenId>& out) const {
  const auto id_of = [this](char byte) {
    return ids_[static_cast<std::uint8_t>(byte)];
  };
  const bool all = std::all_of(bytes.begin(), bytes.end(),
                               [&](char byte) { return id_of(byte) >= 0; });
  if (!all) return false;
  for (const char byte : bytes) out.push_back(id_of(byte));
  return true;
}

}  // namespace pellucid
