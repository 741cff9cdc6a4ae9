#include "tokenizer/precompiled.h"

#include <utf8proc.h>

#include <cstring>
#include <utility>

#include "base/utf8.h"
#include "fmt/format.h"

namespace pellucid {
namespace {

// Graphemes below this many bytes are looked up as a whole.
constexpr std::size_t kShortGrapheme = 6;

// Parts of a unit of the double array.
bool HasLeaf(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t ValueOf(std::uint32_t unit) { return unit & 0x7fffffff; }
std::uint32_t LabelOf(std::uint32_t unit) { return unit & 0x800000ff; }
std::uint32_t OffsetOf(std::uint32_t unit) {
  return (unit >> 10) << ((unit & 0x200) >> 6);
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// End of the extended grapheme cluster at `at`.
std::size_t GraphemeEnd(std::string_view text, std::size_t at) {
  utf8proc_int32_t state = 0;
  Utf8Char c = DecodeUtf8(text, at);
  at += c.bytes;
  while (at < text.size()) {
    const Utf8Char next = DecodeUtf8(text, at);
    if (utf8proc_grapheme_break_stateful(
            static_cast<utf8proc_int32_t>(c.code),
            static_cast<utf8proc_int32_t>(next.code), &state)) {
      break;
    }
    c = next;
    at += c.bytes;
  }
  return at;
}

}  // namespace

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t digits = text.size();
  while (digits > 0 && text.size() - digits < 2 && text[digits - 1] == '=') {
    --digits;
  }
  std::string bytes;
  bytes.reserve(digits / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text.substr(0, digits)) {
    const int digit = Base64Digit(c);
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

Result<Charsmap> Charsmap::Parse(std::string_view blob) {
  std::uint32_t trie_bytes = 0;
  if (blob.size() < sizeof(trie_bytes)) {
    return ModelError(fmt::format("has {} bytes, too few", blob.size()));
  }
  std::memcpy(&trie_bytes, blob.data(), sizeof(trie_bytes));
  blob.remove_prefix(sizeof(trie_bytes));
  if (trie_bytes > blob.size() || trie_bytes % sizeof(std::uint32_t) != 0 ||
      trie_bytes == 0) {
    return ModelError(fmt::format("says that its trie has {} bytes of {}",
                                  trie_bytes, blob.size()));
  }
  Charsmap map;
  map.trie_.resize(trie_bytes / sizeof(std::uint32_t));
  std::memcpy(map.trie_.data(), blob.data(), trie_bytes);
  map.replacements_ = std::string(blob.substr(trie_bytes));
  if (const auto offset = FirstInvalidUtf8(map.replacements_)) {
    return ModelError(fmt::format(
        "has invalid UTF-8 at byte {} of its replacements", *offset));
  }
  return map;
}

std::optional<std::string_view> Charsmap::Find(std::string_view text) const {
  std::size_t at = OffsetOf(trie_[0]);
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte == 0) break;
    at ^= byte;
    if (at >= trie_.size()) return std::nullopt;
    const std::uint32_t unit = trie_[at];
    if (LabelOf(unit) != byte) return std::nullopt;
    at ^= OffsetOf(unit);
    if (at >= trie_.size()) return std::nullopt;
    if (!HasLeaf(unit)) continue;
    const std::size_t begin = ValueOf(trie_[at]);
    if (begin > replacements_.size()) return std::nullopt;
    const std::string_view rest = std::string_view(replacements_).substr(begin);
    // A damaged table may point into the middle of a character.
    const std::string_view found = rest.substr(0, rest.find('\0'));
    if (FirstInvalidUtf8(found)) return std::nullopt;
    return found;
  }
  return std::nullopt;
}

bool Charsmap::Append(std::string_view text, std::size_t most,
                      std::string& out) const {
  const std::size_t limit = out.size() + most;
  const auto append = [&](std::string_view part) {
    if (part.size() > limit - out.size()) return false;
    out.append(part);
    return true;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = GraphemeEnd(text, at);
    const std::string_view grapheme = text.substr(at, end - at);
    if (grapheme.size() < kShortGrapheme) {
      if (const auto found = Find(grapheme)) {
        if (!append(*found)) return false;
        at = end;
        continue;
      }
    }
    while (at < end) {
      const std::string_view c = text.substr(at, DecodeUtf8(text, at).bytes);
      if (!append(Find(c).value_or(c))) return false;
      at += c.size();
    }
  }
  return true;
}

}  // namespace pellucid
