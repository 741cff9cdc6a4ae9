#include "tokenizer/lowercase.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "base/utf8.h"

namespace pellucid {
namespace {

// Upper case letters of Unicode 16.0 and 17.0, and where their lower case
// begins; UnicodeData.txt, Simple_Lowercase_Mapping.
struct NewLetters {
  char32_t first, last, lower;
};
constexpr NewLetters kNewLetters[] = {
    {0x1c89, 0x1c89, 0x1c8a},    {0xa7cb, 0xa7cb, 0x0264},
    {0xa7cc, 0xa7cc, 0xa7cd},    {0xa7ce, 0xa7ce, 0xa7cf},
    {0xa7d2, 0xa7d2, 0xa7d3},    {0xa7d4, 0xa7d4, 0xa7d5},
    {0xa7da, 0xa7da, 0xa7db},    {0xa7dc, 0xa7dc, 0x019b},
    {0x10d50, 0x10d65, 0x10d70}, {0x16ea0, 0x16eb8, 0x16ebb},
};

// The only character whose lower case is two: I with a dot above.
constexpr char32_t kDottedI = 0x130;
constexpr std::string_view kLowerDottedI = "i\xcc\x87";

char32_t Lower(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 0x20 : code;
  const auto* range = std::find_if(
      std::begin(kNewLetters), std::end(kNewLetters),
      [=](const NewLetters& r) { return code >= r.first && code <= r.last; });
  if (range != std::end(kNewLetters)) return range->lower + code - range->first;
  return static_cast<char32_t>(
      utf8proc_tolower(static_cast<utf8proc_int32_t>(code)));
}

}  // namespace

void AppendLowercase(std::string_view text, std::string& out) {
  out.reserve(out.size() + text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char c = DecodeUtf8(text, i);
    if (c.code == kDottedI) {
      out.append(kLowerDottedI);
    } else {
      AppendUtf8(Lower(c.code), out);
    }
    i += c.bytes;
  }
}

}  // namespace pellucid
