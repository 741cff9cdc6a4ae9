#include "tokenizer/pre_tokenizer.h"

#include <cstdint>

#include "base/utf8.h"
#include "tokenizer/unicode_tables.h"

namespace pellucid {
namespace {

constexpr unsigned kWordClasses = kLetter | kNumber | kSpace;

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

// R2 and R3 differ in how many digits make a piece.
std::size_t Llama3PieceEnd(std::string_view text, std::size_t at,
                           int max_digits) {
  const std::size_t contraction = SkipContraction(text, at, /*fold=*/true);
  if (contraction > at) return contraction;
  const Glyph first = GlyphAt(text, at);
  if (first.Is(kLetter)) return SkipClass(text, at, kLetter);
  if (first.Is(kNumber)) {
    std::size_t end = at;
    for (int digit = 0; digit < max_digits; ++digit) {
      const Glyph g = GlyphAt(text, end);
      if (!g.Is(kNumber)) break;
      end += g.bytes;
    }
    return end;
  }
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

// End of the stretch at `at` that Digits leaves together.
std::size_t DigitsSegmentEnd(std::string_view text, std::size_t at) {
  Glyph g = GlyphAt(text, at);
  if (g.Is(kDigit)) return at + g.bytes;
  while (g.bytes != 0 && !g.Is(kDigit)) {
    at += g.bytes;
    g = GlyphAt(text, at);
  }
  return at;
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
  }
  return text.size();
}

}  // namespace

bool PieceCursor::Next(std::string_view& piece) {
  if (at_ == text_.size()) return false;
  if (at_ == segment_end_) {
    segment_end_ = pattern_ == PrePattern::kSmolLm
                       ? DigitsSegmentEnd(text_, at_)
                       : text_.size();
  }
  const std::size_t end =
      PieceEnd(pattern_, text_.substr(0, segment_end_), at_);
  piece = text_.substr(at_, end - at_);
  at_ = end;
  return true;
}

}  // namespace pellucid
