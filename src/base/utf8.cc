#include "base/utf8.h"

#include <array>

namespace pellucid {
namespace {

constexpr char32_t kReplacement = 0xfffd;

std::uint8_t ByteAt(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

// Length of the well-formed character at `offset` when `complete`; else the
// length of the maximal ill-formed part there (at least 1).
struct Part {
  std::size_t bytes = 1;
  bool complete = false;
};

Part PartAt(std::string_view text, std::size_t offset) {
  const std::uint8_t lead = ByteAt(text, offset);
  if (lead < 0x80) return {1, true};
  std::size_t need = 0;
  std::uint8_t low = 0x80, high = 0xbf;  // bounds of the second byte
  if (lead >= 0xc2 && lead <= 0xdf) {
    need = 1;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    need = 2;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;  // surrogates
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    need = 3;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;  // beyond U+10FFFF
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i <= need; ++i) {
    if (offset + i >= text.size()) return {i, false};
    const std::uint8_t byte = ByteAt(text, offset + i);
    if (byte < low || byte > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {need + 1, true};
}

}  // namespace

std::optional<std::size_t> FirstInvalidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Part part = PartAt(text, i);
    if (!part.complete) return i;
    i += part.bytes;
  }
  return std::nullopt;
}

Utf8Char DecodeUtf8(std::string_view text, std::size_t offset) {
  const std::uint8_t lead = ByteAt(text, offset);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t code = lead & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    code = (code << 6) | (ByteAt(text, offset + i) & 0x3fU);
  }
  return {code, bytes};
}

void AppendUtf8(char32_t code, std::string& out) {
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80U | ((code >> shift) & 0x3fU));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0U | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0U | (code >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0U | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string LossyUtf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const Part part = PartAt(bytes, i);
    if (part.complete) {
      out.append(bytes.substr(i, part.bytes));
    } else {
      AppendUtf8(kReplacement, out);
    }
    i += part.bytes;
  }
  return out;
}

std::string ShowBytes(std::string_view bytes) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const Part part = PartAt(bytes, i);
    if (part.complete) {
      out.append(bytes.substr(i, part.bytes));
      i += part.bytes;
      continue;
    }
    for (const std::size_t end = i + part.bytes; i < end; ++i) {
      const std::uint8_t byte = ByteAt(bytes, i);
      out.append("<0x").append({kHex[byte >> 4], kHex[byte & 15]}).append(">");
    }
  }
  return out;
}

}  // namespace pellucid
