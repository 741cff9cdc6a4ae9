#include "tokenizer/jinja/text.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"

namespace pellucid::jinja {
namespace {

utf8proc_category_t CategoryOf(char32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

// The character that ends at `end` > 0.
Utf8Char CharBefore(std::string_view text, std::size_t end) {
  std::size_t begin = end - 1;
  while (begin > 0 &&
         (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) {
    --begin;
  }
  return {DecodeUtf8(text, begin).code, end - begin};
}

bool IsStripped(char32_t code, std::string_view character,
                std::optional<std::string_view> chars) {
  if (!chars) return IsSpace(code);
  // Whole characters only: UTF-8 holds none within another.
  return chars->find(character) != std::string_view::npos;
}

std::vector<ByteRange> SplitAt(std::string_view text,
                               std::string_view separator, std::int64_t limit) {
  std::vector<ByteRange> parts;
  std::size_t begin = 0;
  while (limit < 0 || static_cast<std::int64_t>(parts.size()) < limit) {
    const std::size_t at = text.find(separator, begin);
    if (at == std::string_view::npos) break;
    parts.push_back({begin, at});
    begin = at + separator.size();
  }
  parts.push_back({begin, text.size()});
  return parts;
}

std::vector<ByteRange> SplitAtFromRight(std::string_view text,
                                        std::string_view separator,
                                        std::int64_t limit) {
  std::vector<ByteRange> parts;
  std::size_t end = text.size();
  while (limit < 0 || static_cast<std::int64_t>(parts.size()) < limit) {
    const std::size_t at = text.substr(0, end).rfind(separator);
    if (at == std::string_view::npos) break;
    parts.push_back({at + separator.size(), end});
    end = at;
  }
  parts.push_back({0, end});
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<ByteRange> SplitAtBlanks(std::string_view text,
                                     std::int64_t limit) {
  std::vector<ByteRange> parts;
  std::size_t at = 0;
  while (true) {
    at += Stripped(text.substr(at), {}, true, false).begin;
    if (at == text.size()) return parts;
    if (limit >= 0 && static_cast<std::int64_t>(parts.size()) == limit) {
      parts.push_back({at, text.size()});
      return parts;
    }
    const std::size_t begin = at;
    while (at < text.size()) {
      const Utf8Char c = DecodeUtf8(text, at);
      if (IsSpace(c.code)) break;
      at += c.bytes;
    }
    parts.push_back({begin, at});
  }
}

std::vector<ByteRange> SplitAtBlanksFromRight(std::string_view text,
                                              std::int64_t limit) {
  std::vector<ByteRange> parts;
  std::size_t end = text.size();
  while (true) {
    end = Stripped(text.substr(0, end), {}, false, true).end;
    if (end == 0) break;
    if (limit >= 0 && static_cast<std::int64_t>(parts.size()) == limit) {
      parts.push_back({0, end});
      break;
    }
    std::size_t begin = end;
    while (begin > 0) {
      const Utf8Char c = CharBefore(text, begin);
      if (IsSpace(c.code)) break;
      begin -= c.bytes;
    }
    parts.push_back({begin, end});
    end = begin;
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

// Characters whose upper case is more than one.
struct LongUpper {
  char32_t code;
  std::string_view upper, title;
};
constexpr LongUpper kLongUpper[] = {
    {0xDF, "SS", "Ss"},
    {0x149, "\xCA\xBCN", "\xCA\xBCN"},
    {0x1F0, "J\xCC\x8C", "J\xCC\x8C"},
    {0xFB00, "FF", "Ff"},
    {0xFB01, "FI", "Fi"},
    {0xFB02, "FL", "Fl"},
    {0xFB03, "FFI", "Ffi"},
    {0xFB04, "FFL", "Ffl"},
    {0xFB05, "ST", "St"},
    {0xFB06, "ST", "St"},
};

void AppendCased(char32_t code, Case wanted, std::string& out) {
  const auto c = static_cast<utf8proc_int32_t>(code);
  if (wanted == Case::kLower) {
    if (code == 0x130) {  // I with a dot above
      out.append("i\xCC\x87");
    } else {
      AppendUtf8(static_cast<char32_t>(utf8proc_tolower(c)), out);
    }
    return;
  }
  for (const LongUpper& entry : kLongUpper) {
    if (entry.code != code) continue;
    out.append(wanted == Case::kTitle ? entry.title : entry.upper);
    return;
  }
  AppendUtf8(
      static_cast<char32_t>(wanted == Case::kTitle ? utf8proc_totitle(c)
                                                   : utf8proc_toupper(c)),
      out);
}

bool IsCased(char32_t code) { return IsUpper(code) || IsLower(code); }

// The case of one character of str.title() and so on.
Case CaseOf(Case wanted, char32_t code, bool is_first, bool after_cased) {
  switch (wanted) {
    case Case::kCapitalized:
      return is_first ? Case::kTitle : Case::kLower;
    case Case::kTitle:
      return after_cased ? Case::kLower : Case::kTitle;
    case Case::kSwapped:
      return IsUpper(code) ? Case::kLower : Case::kUpper;
    case Case::kUpper:
    case Case::kLower:
      break;
  }
  return wanted;
}

}  // namespace

void Text::Append(const Text& text, std::size_t begin, std::size_t end) {
  const std::size_t offset = bytes.size();
  bytes.append(text.bytes, begin, end - begin);
  for (const Mark& mark : text.marks) {
    const std::size_t from = std::max(mark.begin, begin);
    const std::size_t to = std::min(mark.end, end);
    if (from >= to) continue;
    const Mark moved{from - begin + offset, to - begin + offset, mark.origin};
    if (!marks.empty() && marks.back().end == moved.begin &&
        marks.back().origin == moved.origin) {
      marks.back().end = moved.end;
    } else {
      marks.push_back(moved);
    }
  }
}

void Text::MarkLike(const Text& source, std::size_t begin) {
  if (source.marks.empty() || begin == bytes.size()) return;
  marks.push_back({begin, bytes.size(), source.marks.front().origin});
}

Text Text::Slice(std::size_t begin, std::size_t end) const {
  Text out;
  out.Append(*this, begin, end);
  return out;
}

std::size_t CountChars(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::vector<std::size_t> CharOffsets(std::string_view text) {
  std::vector<std::size_t> offsets;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      offsets.push_back(i);
    }
  }
  offsets.push_back(text.size());
  return offsets;
}

bool IsSpace(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) ||
         code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

ByteRange Stripped(std::string_view text, std::optional<std::string_view> chars,
                   bool left, bool right) {
  ByteRange range{0, text.size()};
  while (left && range.begin < range.end) {
    const Utf8Char c = DecodeUtf8(text, range.begin);
    if (!IsStripped(c.code, text.substr(range.begin, c.bytes), chars)) break;
    range.begin += c.bytes;
  }
  while (right && range.begin < range.end) {
    const Utf8Char c = CharBefore(text, range.end);
    const std::size_t begin = range.end - c.bytes;
    if (!IsStripped(c.code, text.substr(begin, c.bytes), chars)) break;
    range.end = begin;
  }
  return range;
}

std::vector<ByteRange> SplitText(std::string_view text,
                                 std::optional<std::string_view> separator,
                                 std::int64_t limit, bool from_right) {
  if (separator) {
    return from_right ? SplitAtFromRight(text, *separator, limit)
                      : SplitAt(text, *separator, limit);
  }
  return from_right ? SplitAtBlanksFromRight(text, limit)
                    : SplitAtBlanks(text, limit);
}

std::vector<ByteRange> SplitLines(std::string_view text, bool keep_ends) {
  std::vector<ByteRange> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char c = DecodeUtf8(text, at);
    const bool ends = (c.code >= 0x0A && c.code <= 0x0D) ||
                      (c.code >= 0x1C && c.code <= 0x1E) || c.code == 0x85 ||
                      c.code == 0x2028 || c.code == 0x2029;
    std::size_t next = at + c.bytes;
    if (ends) {
      if (c.code == '\r' && next < text.size() && text[next] == '\n') ++next;
      lines.push_back({begin, keep_ends ? next : at});
      begin = next;
    }
    at = next;
  }
  if (begin < text.size()) lines.push_back({begin, text.size()});
  return lines;
}

std::optional<Text> Replaced(const Text& text, std::string_view from,
                             const Text& to, std::int64_t limit,
                             std::size_t most) {
  Text out;
  std::size_t done = 0;
  std::size_t at = from.empty() ? 0 : text.view().find(from);
  for (std::int64_t count = 0; limit < 0 || count < limit; ++count) {
    if (at == std::string_view::npos || at > text.size()) break;
    out.Append(text, done, at);
    out.Append(to);
    if (out.size() > most) return std::nullopt;
    done = at + from.size();
    if (!from.empty()) {
      at = text.view().find(from, done);
    } else if (at < text.size()) {  // between all characters
      at += DecodeUtf8(text.view(), at).bytes;
    } else {
      break;
    }
  }
  out.Append(text, done, text.size());
  if (out.size() > most) return std::nullopt;
  return out;
}

Text WithCase(const Text& text, Case wanted) {
  Text out;
  out.bytes.reserve(text.size());
  bool after_cased = false;
  bool same_size = true;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char c = DecodeUtf8(text.view(), at);
    const std::size_t before = out.size();
    AppendCased(c.code, CaseOf(wanted, c.code, at == 0, after_cased),
                out.bytes);
    same_size = same_size && out.size() - before == c.bytes;
    after_cased = IsCased(c.code);
    at += c.bytes;
  }
  if (same_size) {
    out.marks = text.marks;
  } else {
    out.MarkLike(text, 0);
  }
  return out;
}

bool IsUpper(char32_t code) {
  const auto category = CategoryOf(code);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT ||
         (code >= 0x2160 && code <= 0x216F) ||  // Roman numerals
         (code >= 0x24B6 && code <= 0x24CF);    // circled letters
}

bool IsLower(char32_t code) {
  return CategoryOf(code) == UTF8PROC_CATEGORY_LL || code == 0xAA ||
         code == 0xBA || (code >= 0x2B0 && code <= 0x2B8) ||
         (code >= 0x2C0 && code <= 0x2C1) || (code >= 0x2E0 && code <= 0x2E4) ||
         (code >= 0x2170 && code <= 0x217F) ||
         (code >= 0x24D0 && code <= 0x24E9);
}

bool IsAlpha(char32_t code) {
  const auto category = CategoryOf(code);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool IsDecimal(char32_t code) {
  return CategoryOf(code) == UTF8PROC_CATEGORY_ND;
}

bool IsDigit(char32_t code) {
  return IsDecimal(code) || code == 0xB2 || code == 0xB3 || code == 0xB9 ||
         code == 0x2070 || (code >= 0x2074 && code <= 0x2079) ||
         (code >= 0x2080 && code <= 0x2089) ||
         (code >= 0x2460 && code <= 0x2468);
}

bool IsNumeric(char32_t code) {
  const auto category = CategoryOf(code);
  return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL ||
         category == UTF8PROC_CATEGORY_NO;
}

bool IsPrintable(char32_t code) {
  if (code == ' ') return true;
  switch (CategoryOf(code)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

}  // namespace pellucid::jinja
