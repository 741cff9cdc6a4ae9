#include "tokenizer/pre_pattern.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/utf8.h"
#include "tokenizer/unicode_tables.h"

namespace pellucid {
namespace {

constexpr unsigned kWordClasses = kLetter | kNumber | kSpace;

struct Spelling {
  PrePattern pattern;
  std::string_view expression;
};

// Adjacent literals are the alternatives, or less.
constexpr Spelling kSpellings[] = {
    {PrePattern::kGpt2,
     "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+"
     "|\\s+(?!\\S)|\\s+"},
    {PrePattern::kLlama3,
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
     "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
     "|\\s+(?!\\S)|\\s+"},
    {PrePattern::kQwen2,
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
     "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
     "|\\s+(?!\\S)|\\s+"},
    {PrePattern::kCl100k,
     "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++"
     "|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$"
     "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s"},
    {PrePattern::kO200k,
     "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*"
     "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
     "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
     "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
     "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+"
     "|\\s+(?!\\S)|\\s+"},
    {PrePattern::kTekken,
     "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*"
     "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
     "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
     "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
     "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+"
     "|\\s+(?!\\S)|\\s+"},
};

// A character as the matchers see it. At the end of the text: no bytes, and
// no class, so that tests for a class fail there by themselves.
struct Glyph {
  unsigned classes = 0;
  std::size_t bytes = 0;

  bool Is(unsigned mask) const { return (classes & mask) != 0; }
  bool IsOther() const { return bytes != 0 && !Is(kWordClasses); }
};

Glyph GlyphAt(std::string_view text, std::size_t at) {
  if (at >= text.size()) return {};
  const auto lead = static_cast<std::uint8_t>(text[at]);
  if (lead < 0x80) return {ClassOf(lead), 1};
  const Utf8Char c = DecodeUtf8(text, at);
  return {ClassOf(c.code), c.bytes};
}

// Ends of runs that begin at `at`, possibly empty: of characters in `mask`,
// of characters that are neither letter, number nor space, of line ends.
std::size_t SkipClass(std::string_view text, std::size_t at, unsigned mask) {
  for (Glyph g = GlyphAt(text, at); g.Is(mask); g = GlyphAt(text, at)) {
    at += g.bytes;
  }
  return at;
}

std::size_t SkipOther(std::string_view text, std::size_t at) {
  for (Glyph g = GlyphAt(text, at); g.IsOther(); g = GlyphAt(text, at)) {
    at += g.bytes;
  }
  return at;
}

bool IsLineEnd(std::string_view text, std::size_t at) {
  return at < text.size() && (text[at] == '\n' || text[at] == '\r');
}

std::size_t SkipLineEnds(std::string_view text, std::size_t at) {
  while (IsLineEnd(text, at)) ++at;
  return at;
}

char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// End of 's|'t|'re|'ve|'m|'ll|'d at `at`, or `at`. With `fold` in either case;
// U+017F, the long s, then is an s as well (formats 6.10).
std::size_t SkipContraction(std::string_view text, std::size_t at, bool fold) {
  static constexpr std::string_view kLongS = "\xc5\xbf";
  if (text[at] != '\'' || at + 1 == text.size()) return at;
  const std::string_view rest = text.substr(at + 1);
  const auto letter = [&](std::size_t i) {
    if (i >= rest.size()) return '\0';
    return fold ? LowerAscii(rest[i]) : rest[i];
  };
  switch (letter(0)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return at + 2;
    case 'r':
    case 'v':
      return letter(1) == 'e' ? at + 3 : at;
    case 'l':
      return letter(1) == 'l' ? at + 3 : at;
    default:
      return fold && rest.substr(0, 2) == kLongS ? at + 3 : at;
  }
}

// \s+(?!\S)|\s+ at `at`, a space: the whole run at the end of the text, else
// all but its last character, else that one. With `line_ends`, \s*[\r\n]+ is
// tried before: all of the run up to its last line end.
std::size_t SpacesEnd(std::string_view text, std::size_t at, bool line_ends) {
  std::size_t end = at, last = at, after_line_end = at;
  for (Glyph g = GlyphAt(text, at); g.Is(kSpace); g = GlyphAt(text, end)) {
    last = end;
    end += g.bytes;
    if (IsLineEnd(text, last)) after_line_end = end;
  }
  if (line_ends && after_line_end > at) return after_line_end;
  return end == text.size() || last == at ? end : last;
}

std::size_t Gpt2PieceEnd(std::string_view text, std::size_t at) {
  const std::size_t contraction = SkipContraction(text, at, /*fold=*/false);
  if (contraction > at) return contraction;
  const std::size_t body = text[at] == ' ' ? at + 1 : at;
  const Glyph first = GlyphAt(text, body);
  if (first.Is(kLetter)) return SkipClass(text, body, kLetter);
  if (first.Is(kNumber)) return SkipClass(text, body, kNumber);
  if (first.IsOther()) return SkipOther(text, body);
  return SpacesEnd(text, at, /*line_ends=*/false);
}

// \s++$|\s*[\r\n]|\s+(?!\S)|\s at `at`, a space: where the text ends with the
// run, all of it comes before what ends with a line.
std::size_t Cl100kSpacesEnd(std::string_view text, std::size_t at) {
  const std::size_t run_end = SkipClass(text, at, kSpace);
  if (run_end == text.size()) return run_end;
  return SpacesEnd(text, at, /*line_ends=*/true);
}

std::size_t NumbersEnd(std::string_view text, std::size_t at, int max_digits) {
  for (int digit = 0; digit < max_digits; ++digit) {
    const Glyph g = GlyphAt(text, at);
    if (!g.Is(kNumber)) break;
    at += g.bytes;
  }
  return at;
}

// R2 and R3 differ in how many digits make a piece.
std::size_t Llama3PieceEnd(std::string_view text, std::size_t at,
                           int max_digits) {
  const std::size_t contraction = SkipContraction(text, at, /*fold=*/true);
  if (contraction > at) return contraction;
  const Glyph first = GlyphAt(text, at);
  if (first.Is(kLetter)) return SkipClass(text, at, kLetter);
  if (first.Is(kNumber)) return NumbersEnd(text, at, max_digits);
  const std::size_t second = at + first.bytes;
  if (!IsLineEnd(text, at) && GlyphAt(text, second).Is(kLetter)) {
    return SkipClass(text, second, kLetter);
  }
  const std::size_t body = text[at] == ' ' ? second : at;
  if (GlyphAt(text, body).IsOther()) {
    return SkipLineEnds(text, SkipOther(text, body));
  }
  return SpacesEnd(text, at, /*line_ends=*/true);
}

std::size_t Cl100kPieceEnd(std::string_view text, std::size_t at) {
  const Glyph first = GlyphAt(text, at);
  if (first.Is(kNumber)) return SkipClass(text, at, kNumber);
  const std::size_t end = Llama3PieceEnd(text, at, /*max_digits=*/1);
  // A space that nothing but the rules for spaces took.
  const bool is_spaces = first.Is(kSpace) && SkipClass(text, at, kSpace) >= end;
  return is_spaces ? Cl100kSpacesEnd(text, at) : end;
}

unsigned WordClassAt(std::string_view text, std::size_t at) {
  return at < text.size() ? WordClassOf(DecodeUtf8(text, at).code) : 0;
}

// End of the run of characters in `mask` at `at`.
std::size_t SkipWordClass(std::string_view text, std::size_t at,
                          unsigned mask) {
  while ((WordClassAt(text, at) & mask) != 0) {
    at += DecodeUtf8(text, at).bytes;
  }
  return at;
}

// End of A*B+ at `at`, or `at`. A* takes all it can; where no B follows it
// gives back up to its last character that is also in B.
std::size_t O200kLowerEnd(std::string_view text, std::size_t at) {
  std::size_t end = at, after_both = at;
  for (unsigned c = WordClassAt(text, end); (c & kUpperWord) != 0;
       c = WordClassAt(text, end)) {
    end += DecodeUtf8(text, end).bytes;
    if ((c & kLowerWord) != 0) after_both = end;
  }
  const std::size_t lower_end = SkipWordClass(text, end, kLowerWord);
  return lower_end > end ? lower_end : after_both;
}

// End of the two alternatives of R4 that match words at `at`, or `at`: each
// tries with a sign before the word, then without.
std::size_t O200kWordEnd(std::string_view text, std::size_t at, Glyph first) {
  const bool is_sign = !IsLineEnd(text, at) && !first.Is(kLetter | kNumber);
  const std::size_t second = at + first.bytes;
  if (is_sign) {
    const std::size_t end = O200kLowerEnd(text, second);
    if (end > second) return end;
  }
  const std::size_t end = O200kLowerEnd(text, at);
  if (end > at) return end;
  // No B follows a run of A here: the first alternative would have matched.
  if (is_sign) {
    const std::size_t upper_end = SkipWordClass(text, second, kUpperWord);
    if (upper_end > second) return upper_end;
  }
  return SkipWordClass(text, at, kUpperWord);
}

// R4 and Tekken's form of it.
std::size_t O200kPieceEnd(std::string_view text, std::size_t at,
                          bool contractions, int max_digits) {
  const Glyph first = GlyphAt(text, at);
  if (first.Is(kNumber)) return NumbersEnd(text, at, max_digits);
  const std::size_t word_end = O200kWordEnd(text, at, first);
  if (word_end > at) {
    const bool more = contractions && word_end < text.size();
    return more ? SkipContraction(text, word_end, /*fold=*/true) : word_end;
  }
  std::size_t body = text[at] == ' ' ? at + 1 : at;
  if (!GlyphAt(text, body).IsOther()) {
    return SpacesEnd(text, at, /*line_ends=*/true);
  }
  body = SkipOther(text, body);
  while (IsLineEnd(text, body) || (body < text.size() && text[body] == '/')) {
    ++body;
  }
  return body;
}

std::size_t PieceEnd(PrePattern pattern, std::string_view text,
                     std::size_t at) {
  switch (pattern) {
    case PrePattern::kGpt2:
    case PrePattern::kSmolLm:
      return Gpt2PieceEnd(text, at);
    case PrePattern::kLlama3:
      return Llama3PieceEnd(text, at, /*max_digits=*/3);
    case PrePattern::kQwen2:
      return Llama3PieceEnd(text, at, /*max_digits=*/1);
    case PrePattern::kCl100k:
      return Cl100kPieceEnd(text, at);
    case PrePattern::kO200k:
      return O200kPieceEnd(text, at, /*contractions=*/true, /*max_digits=*/3);
    case PrePattern::kTekken:
      return O200kPieceEnd(text, at, /*contractions=*/false, /*max_digits=*/1);
  }
  return text.size();
}

}  // namespace

std::optional<PrePattern> FindPrePattern(std::string_view expression) {
  const auto* spelling = std::find_if(
      std::begin(kSpellings), std::end(kSpellings),
      [&](const Spelling& s) { return s.expression == expression; });
  if (spelling == std::end(kSpellings)) return std::nullopt;
  return spelling->pattern;
}

std::string_view NameOf(PrePattern pattern) {
  switch (pattern) {
    case PrePattern::kGpt2:
      return "gpt-2";
    case PrePattern::kSmolLm:
      return "smollm";
    case PrePattern::kLlama3:
      return "llama-bpe";
    case PrePattern::kQwen2:
      return "qwen2";
    case PrePattern::kCl100k:
      return "cl100k";
    case PrePattern::kO200k:
      return "gpt-4o";
    case PrePattern::kTekken:
      return "tekken";
  }
  return "";
}

std::size_t DigitsSegmentEnd(std::string_view text, std::size_t at, bool runs) {
  Glyph g = GlyphAt(text, at);
  const bool is_digit = g.Is(kDigit);
  if (is_digit && !runs) return at + g.bytes;
  while (g.bytes != 0 && g.Is(kDigit) == is_digit) {
    at += g.bytes;
    g = GlyphAt(text, at);
  }
  return at;
}

bool PieceCursor::Next(std::string_view& piece) {
  if (at_ == text_.size()) return false;
  if (at_ == segment_end_) {
    segment_end_ = pattern_ == PrePattern::kSmolLm
                       ? DigitsSegmentEnd(text_, at_, /*runs=*/false)
                       : text_.size();
  }
  const std::size_t end =
      PieceEnd(pattern_, text_.substr(0, segment_end_), at_);
  piece = text_.substr(at_, end - at_);
  at_ = end;
  return true;
}

}  // namespace pellucid
