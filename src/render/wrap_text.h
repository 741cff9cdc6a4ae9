// Sentences broken into lines that fit a terminal, so that it does not break
// them in the middle of a word.
#ifndef PELLUCID_RENDER_WRAP_TEXT_H_
#define PELLUCID_RENDER_WRAP_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pellucid::render {

// `text` (of DisplayText) in lines of at most `width` columns, broken at
// blanks, but not at one that an opening quote stands before: `" Paris"` stays
// whole. A word that is wider by itself has a line of its own. 0: one line.
std::vector<std::string> WrapText(std::string_view text, std::size_t width);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_WRAP_TEXT_H_
