#include "tokenizer/byte_alphabet.h"

#include <array>
#include <cstddef>
#include <optional>

#include "base/utf8.h"

namespace pellucid {
namespace {

constexpr char32_t kFirstStandIn = 0x100;
constexpr char32_t kEnd = 0x144;  // one past the last character used

constexpr bool StandsForItself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) ||
         byte >= 0xae;
}

constexpr std::array<char32_t, 256> MakeCharacters() {
  std::array<char32_t, 256> characters{};
  char32_t stand_in = kFirstStandIn;
  for (unsigned byte = 0; byte < 256; ++byte) {
    characters[byte] = StandsForItself(byte) ? byte : stand_in++;
  }
  return characters;
}

constexpr std::array<char32_t, 256> kCharacters = MakeCharacters();

constexpr std::int16_t kNone = -1;

constexpr std::array<std::int16_t, kEnd> MakeBytes() {
  std::array<std::int16_t, kEnd> bytes{};
  for (std::int16_t& byte : bytes) byte = kNone;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bytes[kCharacters[byte]] = static_cast<std::int16_t>(byte);
  }
  return bytes;
}

constexpr std::array<std::int16_t, kEnd> kBytes = MakeBytes();

}  // namespace

char32_t ByteCharacter(std::uint8_t byte) { return kCharacters[byte]; }

void AppendAlphabet(std::string_view bytes, std::string& out) {
  for (const char byte : bytes) {
    AppendUtf8(kCharacters[static_cast<std::uint8_t>(byte)], out);
  }
}

std::string_view SpellBytes(std::string_view bytes, std::span<char> out) {
  std::size_t size = 0;
  for (const char byte : bytes) {
    const char32_t code = kCharacters[static_cast<std::uint8_t>(byte)];
    if (code < 0x80) {
      out[size++] = static_cast<char>(code);
    } else {  // all others are below U+0144: two bytes of UTF-8
      out[size++] = static_cast<char>(0xc0 | code >> 6);
      out[size++] = static_cast<char>(0x80 | (code & 0x3f));
    }
  }
  return {out.data(), size};
}

bool AppendAlphabetBytes(std::string_view text, std::string& out) {
  if (FirstInvalidUtf8(text)) return false;
  const std::size_t before = out.size();
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char c = DecodeUtf8(text, i);
    const std::int16_t byte = c.code < kEnd ? kBytes[c.code] : kNone;
    if (byte == kNone) {
      out.resize(before);
      return false;
    }
    out += static_cast<char>(byte);
    i += c.bytes;
  }
  return true;
}

}  // namespace pellucid
