#include "render/wrap_text.h"

#include "render/display_text.h"

namespace pellucid::render {
namespace {

// Where the word that begins at `from` ends: at the next blank that a line may
// be broken at, or the end.
std::size_t EndOfWord(std::string_view text, std::size_t from) {
  if (text[from] == '"') {
    ++from;
    while (from < text.size() && text[from] == ' ') ++from;
  }
  const std::size_t at = text.find(' ', from);
  return at == std::string_view::npos ? text.size() : at;
}

}  // namespace

std::vector<std::string> WrapText(std::string_view text, std::size_t width) {
  if (width == 0) return {std::string(text)};
  std::vector<std::string> lines(1);
  std::size_t used = 0;  // columns of the last line
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = EndOfWord(text, begin);
    const std::string_view word = text.substr(begin, end - begin);
    const std::size_t columns = DisplayWidth(word);
    if (used > 0 && used + 1 + columns > width) {
      lines.emplace_back();
      used = 0;
    } else if (used > 0) {
      lines.back() += ' ';
      ++used;
    }
    lines.back() += word;
    used += columns;
    begin = end + 1;
  }
  return lines;
}

}  // namespace pellucid::render
