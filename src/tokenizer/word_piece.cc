#include "tokenizer/word_piece.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "tokenizer/character_edges.h"

namespace pellucid {
namespace {

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
      }));
}

bool AppendUnknown(std::optional<TokenId> unknown, std::vector<TokenId>& out) {
  if (!unknown) return false;
  out.push_back(*unknown);
  return true;
}

}  // namespace

WordPiece::WordPiece(Vocabulary vocabulary, Options options)
    : vocabulary_(std::move(vocabulary)),
      options_(std::move(options)),
      unknown_(vocabulary_.Find(options_.unknown)),
      longest_(vocabulary_.LongestText()) {}

std::optional<TokenId> WordPiece::Longest(std::string_view rest, bool continues,
                                          std::size_t& end) const {
  const std::size_t prefix = continues ? options_.prefix.size() : 0;
  if (prefix > longest_) return std::nullopt;
  std::string text = continues ? options_.prefix : std::string();
  text.append(rest.substr(0, longest_ - prefix));
  // A cut in the middle of a character is no token, but would not be undone
  // character by character.
  end = text.size() - prefix;
  while (end < rest.size() && end > 0 &&
         (static_cast<unsigned char>(rest[end]) & 0xc0) == 0x80) {
    --end;
  }
  for (; end > 0; end = LastCharacter(rest.substr(0, end))) {
    text.resize(prefix + end);
    if (const auto id = vocabulary_.Find(text)) return id;
  }
  return std::nullopt;
}

bool WordPiece::Encode(std::string_view piece,
                       std::vector<TokenId>& out) const {
  if (CountCharacters(piece) > options_.most_characters) {
    return AppendUnknown(unknown_, out);
  }
  const std::size_t before = out.size();
  for (std::size_t at = 0, end = 0; at < piece.size(); at += end) {
    const auto id = Longest(piece.substr(at), at > 0, end);
    if (!id) {
      out.resize(before);
      return AppendUnknown(unknown_, out);
    }
    out.push_back(*id);
  }
  return true;
}

WordLevel::WordLevel(Vocabulary vocabulary, std::string_view unknown)
    : vocabulary_(std::move(vocabulary)), unknown_(vocabulary_.Find(unknown)) {}

bool WordLevel::Encode(std::string_view piece,
                       std::vector<TokenId>& out) const {
  const auto id = vocabulary_.Find(piece);
  if (!id) return AppendUnknown(unknown_, out);
  out.push_back(*id);
  return true;
}

}  // namespace pellucid
