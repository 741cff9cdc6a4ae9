#include "render/display_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include "base/utf8.h"

namespace pellucid::render {
namespace {

constexpr char32_t kZeroWidthNonJoiner = 0x200c;
constexpr char32_t kZeroWidthJoiner = 0x200d;
constexpr std::string_view kEllipsis = "\u2026";
constexpr std::string_view kDottedCircle = "\u25cc";

utf8proc_category_t Category(char32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

std::size_t Width(char32_t code) {
  const int width = utf8proc_charwidth(static_cast<utf8proc_int32_t>(code));
  return width > 0 ? static_cast<std::size_t>(width) : 0;
}

// Characters that would be invisible, or be read as a command.
bool IsHidden(char32_t code) {
  switch (Category(code)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CN:  // not assigned: no terminal agrees on a width
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return true;
    default:
      return false;
  }
}

bool IsMark(char32_t code) {
  const utf8proc_category_t category = Category(code);
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME;
}

// Appends `code` as it is shown; `first`: nothing stands before it to which it
// could belong.
void AppendVisible(char32_t code, Spaces spaces, bool first, std::string& out) {
  switch (code) {
    case ' ':
      out += spaces == Spaces::kVisible ? "\u00b7" : " ";
      return;
    case '\n':
      out += "\u21b5";
      return;
    case '\t':
      out += "\u21e5";
      return;
    case '\r':
      out += "\u240d";
      return;
    case kZeroWidthJoiner:  // between characters they shape emoji and scripts
    case kZeroWidthNonJoiner:
      if (first) break;
      AppendUtf8(code, out);
      return;
    default:
      break;
  }
  if (code < 0x20 || code == 0x7f) {
    out += fmt::format("<0x{:02X}>", static_cast<unsigned>(code));
  } else if (IsHidden(code)) {
    out += fmt::format("<U+{:04X}>", static_cast<unsigned>(code));
  } else {
    if (first && IsMark(code)) out += kDottedCircle;
    AppendUtf8(code, out);
  }
}

// The length in bytes of the grapheme cluster at `offset`.
std::size_t ClusterBytes(std::string_view text, std::size_t offset) {
  Utf8Char last = DecodeUtf8(text, offset);
  std::size_t end = offset + last.bytes;
  utf8proc_int32_t state = 0;
  while (end < text.size()) {
    const Utf8Char next = DecodeUtf8(text, end);
    if (utf8proc_grapheme_break_stateful(
            static_cast<utf8proc_int32_t>(last.code),
            static_cast<utf8proc_int32_t>(next.code), &state)) {
      break;
    }
    end += next.bytes;
    last = next;
  }
  return end - offset;
}

std::string Blanks(std::string_view text, std::size_t width) {
  const std::size_t have = DisplayWidth(text);
  return std::string(width > have ? width - have : 0, ' ');
}

}  // namespace

std::string DisplayText(std::string_view bytes, Spaces spaces) {
  const std::string text = ShowBytes(bytes);
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char next = DecodeUtf8(text, i);
    AppendVisible(next.code, spaces, /*first=*/i == 0, out);
    i += next.bytes;
  }
  return out;
}

std::string QuotedText(std::string_view bytes) {
  return '"' + DisplayText(bytes, Spaces::kAsTheyAre) + '"';
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char next = DecodeUtf8(text, i);
    width += Width(next.code);
    i += next.bytes;
  }
  return width;
}

std::string Truncate(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  std::size_t end = 0, used = 1;  // the ellipsis
  while (end < text.size()) {
    const std::size_t bytes = ClusterBytes(text, end);
    used += DisplayWidth(text.substr(end, bytes));
    if (used > width) break;
    end += bytes;
  }
  return std::string(text.substr(0, end)).append(kEllipsis);
}

std::string PadRight(std::string_view text, std::size_t width) {
  return std::string(text) + Blanks(text, width);
}

std::string PadLeft(std::string_view text, std::size_t width) {
  return Blanks(text, width).append(text);
}

}  // namespace pellucid::render
