// Properties of characters that tokenisation asks for, as two-stage tables.
//
// Three versions of Unicode, because the parts of the `tokenizers` library
// carry three (formats 6.3, 6.10, 6.12.4): its regular expressions 16.0, its
// Digits splitter 17.0, its normaliser 9.0. Generated rather than asked of
// utf8proc, whose version is that of the machine.
#ifndef PELLUCID_TOKENIZER_UNICODE_TABLES_H_
#define PELLUCID_TOKENIZER_UNICODE_TABLES_H_

#include <cstdint>

namespace pellucid {

// Bits of ClassOf().
enum CharClass : std::uint8_t {
  kLetter = 1,         // \p{L}, Unicode 16.0
  kNumber = 2,         // \p{N}, Unicode 16.0
  kSpace = 4,          // \s: White_Space, 25 code points
  kDigit = 8,          // Rust's char::is_numeric: Nd, Nl, No of Unicode 17.0
  kNewerThanNfc = 16,  // unassigned in Unicode 9.0
};

// Bits of WordClassOf(), all of Unicode 16.0.
enum WordClass : std::uint8_t {
  kUpperWord = 1,  // \p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}
  kLowerWord = 2,  // \p{Ll}\p{Lm}\p{Lo}\p{M}
  kWord = 4,       // \w of Rust's regex crate: UTS 18, annex C
};

namespace unicode_internal {
inline constexpr char32_t kEnd = 0x40000;  // above: no letter, number, space
inline constexpr unsigned kBlockBits = 7;
extern const std::uint8_t kBlockOf[kEnd >> kBlockBits];
extern const char kBlocks[];  // class bits of a code point + '@'
extern const std::uint8_t kWordBlockOf[kEnd >> kBlockBits];
extern const char kWordBlocks[];

inline std::uint8_t Bits(const std::uint8_t* block_of, const char* blocks,
                         char32_t code) {
  const unsigned block = block_of[code >> kBlockBits];
  const unsigned within = code & ((1U << kBlockBits) - 1);
  return static_cast<std::uint8_t>(blocks[(block << kBlockBits) + within] & 31);
}
}  // namespace unicode_internal

// Class bits of a Unicode scalar value. Two loads.
inline std::uint8_t ClassOf(char32_t code) {
  using namespace unicode_internal;  // NOLINT(google-build-using-namespace)
  if (code >= kEnd) return kNewerThanNfc;
  return Bits(kBlockOf, kBlocks, code);
}

// Beyond the tables only the marks U+E0100 to U+E01EF are part of words.
inline std::uint8_t WordClassOf(char32_t code) {
  using namespace unicode_internal;  // NOLINT(google-build-using-namespace)
  if (code < kEnd) return Bits(kWordBlockOf, kWordBlocks, code);
  constexpr std::uint8_t kMark = kUpperWord | kLowerWord | kWord;
  return code >= 0xe0100 && code <= 0xe01ef ? kMark : std::uint8_t{0};
}

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_UNICODE_TABLES_H_
