#include "formats/json_text.h"

#include <iterator>

#include "base/utf8.h"
#include "fmt/format.h"

namespace pellucid {

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : LossyUtf8(text)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}",
                     static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace pellucid
