// A string of a template that remembers where its parts come from.
//
// A conversation's own strings carry marks, which survive what templates do
// with them (trim, slice, replace, join, print): so the text that comes out
// says of each byte which message wrote it, and turns need not be guessed.
// Indices are Python's, in characters; marks are in bytes.
#ifndef PELLUCID_TOKENIZER_JINJA_TEXT_H_
#define PELLUCID_TOKENIZER_JINJA_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pellucid::jinja {

// Bytes [begin, end) come from `origin`.
struct Mark {
  std::size_t begin = 0, end = 0;
  std::uint32_t origin = 0;

  bool operator==(const Mark&) const = default;
};

struct Text {
  std::string bytes;        // UTF-8
  std::vector<Mark> marks;  // in rising order, apart from each other

  Text() = default;
  explicit Text(std::string_view text) : bytes(text) {}

  std::string_view view() const { return bytes; }
  std::size_t size() const { return bytes.size(); }

  void Append(std::string_view text) { bytes.append(text); }
  void Append(const Text& text) { Append(text, 0, text.size()); }
  // Bytes [begin, end) of `text`.
  void Append(const Text& text, std::size_t begin, std::size_t end);
  // Bytes [begin, size()), which were made out of `source`, are from where it
  // is: for what keeps no bytes, such as JSON's escapes.
  void MarkLike(const Text& source, std::size_t begin);

  Text Slice(std::size_t begin, std::size_t end) const;
};

// How many characters there are.
std::size_t CountChars(std::string_view text);
// Where the characters begin, and the end: [characters + 1].
std::vector<std::size_t> CharOffsets(std::string_view text);

// Python's str.isspace of one character.
bool IsSpace(char32_t code);

// Bytes [begin, end) that are left by strip(chars); without `chars`: blanks.
struct ByteRange {
  std::size_t begin = 0, end = 0;
};
ByteRange Stripped(std::string_view text, std::optional<std::string_view> chars,
                   bool left, bool right);

// Python's str.split() and rsplit() at blanks, or at `separator`, which is not
// empty; at most `limit` times, if it is not negative.
std::vector<ByteRange> SplitText(std::string_view text,
                                 std::optional<std::string_view> separator,
                                 std::int64_t limit, bool from_right);
// str.splitlines().
std::vector<ByteRange> SplitLines(std::string_view text, bool keep_ends);

// str.replace(); at most `limit` times, if it is not negative. `most` bounds
// the bytes of the result; nothing if it is more.
std::optional<Text> Replaced(const Text& text, std::string_view from,
                             const Text& to, std::int64_t limit,
                             std::size_t most);

// str.upper() and so on, each character by itself: one that becomes two in
// upper case (sharp s) does so for the letters of Latin-1 and for ligatures.
enum class Case { kUpper, kLower, kTitle, kCapitalized, kSwapped };
Text WithCase(const Text& text, Case wanted);

// Classes of characters, as Python's methods have them.
bool IsUpper(char32_t code);  // or titlecase
bool IsLower(char32_t code);
bool IsAlpha(char32_t code);
bool IsDecimal(char32_t code);
bool IsDigit(char32_t code);    // also superscripts
bool IsNumeric(char32_t code);  // also fractions
bool IsPrintable(char32_t code);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_TEXT_H_
