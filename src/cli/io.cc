#include "cli/io.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace pellucid::cli {

void Warn(Io& io, std::string_view message) {
  const Status ignored =
      io.err.Write(fmt::format("pellucid: warning: {}\n", OneLine(message)));
  static_cast<void>(ignored);
}

std::string OneLine(std::string_view message) {
  std::string line;
  for (const char c : ShowBytes(message)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace pellucid::cli
