#include "base/quote.h"

#include <cstddef>

#include "base/utf8.h"
#include "fmt/core.h"

namespace pellucid {
namespace {

constexpr std::size_t kMaxBytes = 80;  // a tensor name has fewer than 64

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

std::string Quote(std::string_view name) {
  std::string out;
  for (const char c : ShowBytes(name.substr(0, kMaxBytes))) {
    if (IsControl(c)) {
      out += fmt::format("<0x{:02X}>", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  if (name.size() > kMaxBytes) out += "...";
  return out;
}

}  // namespace pellucid
