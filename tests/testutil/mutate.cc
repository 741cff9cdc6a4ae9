#include "testutil/mutate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pellucid::testutil {
namespace {

constexpr std::array<std::string_view, 20> kNumbers = {
    "0",          "1",          "-1",         "2",
    "3",          "7",          "16",         "65536",
    "4294967295", "4294967296", "1073741824", "9223372036854775807",
    "1e999",      "1e-45",      "-0.0",       "0.5",
    "1e38",       "null",       "\"8\"",      "[]"};
constexpr std::array<std::string_view, 6> kWords = {"true", "false", "null",
                                                    "{}",   "[]",    "\"\""};
constexpr std::array<std::uint64_t, 10> kWhole = {
    0, 1, 2, 0x7f, 0xffff, 1 << 20, 1 << 30, 0xffffffff, 1ull << 40, ~0ull};

template <typename Items>
const auto& OneOf(const Items& items, Random& random) {
  return items[random.Below(std::size(items))];
}

char AnyByte(Random& random) { return static_cast<char>(random.Below(256)); }

bool IsNumberByte(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.' ||
         c == '-';
}

// Replaces the number that begins at or behind `at`, if there is one.
void ReplaceNumber(std::size_t at, std::string_view by, std::string& text) {
  const auto from = text.begin() + static_cast<std::ptrdiff_t>(at);
  const auto begin = std::find_if(from, text.end(), IsNumberByte);
  const auto end = std::find_if_not(begin, text.end(), IsNumberByte);
  text.replace(begin, end, by);
}

void ReplaceWord(std::size_t at, std::string_view by, std::string& text) {
  for (const std::string_view word : {"true", "false", "null"}) {
    const std::size_t found = text.find(word, at);
    if (found == std::string::npos) continue;
    text.replace(found, word.size(), by);
    return;
  }
}

// One change of a text that is not empty.
void ChangeText(std::string& text, Random& random) {
  const std::size_t at = random.Below(text.size());
  const std::size_t count = 1 + random.Below(16);
  switch (random.Below(9)) {
    case 0:
      text[at] = static_cast<char>(text[at] ^ (1 << random.Below(7)));
      return;
    case 1:
      text[at] = AnyByte(random);
      return;
    case 2:
      text.erase(at, count);
      return;
    case 3:
      text.insert(at, text.substr(at, count));
      return;
    case 4:
      ReplaceWord(at, OneOf(kWords, random), text);
      return;
    case 5:
      if (random.Below(4) == 0) text.resize(at);
      return;
    default:  // most bugs are behind a value that is still one
      ReplaceNumber(at, OneOf(kNumbers, random), text);
      return;
  }
}

// A whole number of 4 or 8 bytes at `at`, as far as it fits.
void PutWhole(std::size_t at, std::size_t end, Random& random,
              std::string& bytes) {
  const std::uint64_t value = OneOf(kWhole, random);
  const std::size_t size = random.Below(2) == 0 ? 4 : 8;
  std::memcpy(bytes.data() + at, &value, std::min(size, end - at));
}

void ChangeBytes(std::size_t header, std::string& bytes, Random& random) {
  header = std::min(header, bytes.size());
  if (header == 0) return;
  const std::size_t at = random.Below(header);
  switch (random.Below(8)) {
    case 0:
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
      return;
    case 2:
    case 3:
      bytes[at] = AnyByte(random);
      return;
    case 4:
    case 5:
      PutWhole(at, header, random, bytes);
      return;
    case 6:  // a piece of the header somewhere else in it
      std::copy_n(
          bytes.begin() + static_cast<std::ptrdiff_t>(random.Below(header)),
          std::min<std::size_t>(8, header - at),
          bytes.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    default:
      if (random.Below(8) == 0) bytes.resize(random.Below(bytes.size()));
      return;
  }
}

}  // namespace

std::string MutateText(std::string text, Random& random) {
  for (std::size_t n = 1 + random.Below(2); n > 0 && !text.empty(); --n) {
    ChangeText(text, random);
  }
  return text;
}

std::string MutateBinary(std::string bytes, std::size_t header,
                         Random& random) {
  // What is copied must not run over the end.
  for (std::size_t n = 1 + random.Below(2); n > 0 && bytes.size() > 16; --n) {
    ChangeBytes(std::min(header, bytes.size() - 8), bytes, random);
  }
  return bytes;
}

std::string MutateSafetensors(const std::string& bytes, Random& random) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof(length)) return bytes;
  std::memcpy(&length, bytes.data(), sizeof(length));
  if (length > bytes.size() - sizeof(length) || random.Below(8) == 0) {
    return MutateBinary(bytes, sizeof(length) + 1, random);
  }
  const auto json = static_cast<std::size_t>(length);
  const std::string text =
      MutateText(bytes.substr(sizeof(length), json), random);
  if (random.Below(8) != 0) length = text.size();
  std::string out(sizeof(length), '\0');
  std::memcpy(out.data(), &length, sizeof(length));
  return out + text + bytes.substr(sizeof(length) + json);
}

}  // namespace pellucid::testutil
