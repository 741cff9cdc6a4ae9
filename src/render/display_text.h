// Token texts as people can see them: blanks visible, nothing that would move
// a cursor, reorder a line or hide; and how many terminal columns they take.
//
//   space      U+00B7 (middle dot)       line feed        U+21B5
//   tab        U+21E5                    carriage return  U+240D
//   other control characters and bytes that are no UTF-8   <0x07>, <0xE2>
//   other blanks, format and bidirectional controls        <U+202E>
// A combining mark without a base gets a dotted circle (U+25CC).
#ifndef PELLUCID_RENDER_DISPLAY_TEXT_H_
#define PELLUCID_RENDER_DISPLAY_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace pellucid::render {

enum class Spaces { kVisible, kAsTheyAre };

// Well-formed UTF-8 on one line, of printable characters only.
std::string DisplayText(std::string_view bytes,
                        Spaces spaces = Spaces::kVisible);

// `bytes` in double quotes, spaces as they are: for sentences.
std::string QuotedText(std::string_view bytes);

// Columns that `text` (of DisplayText) takes in a terminal, by the Unicode 15
// widths of utf8proc: 2 for East Asian wide characters and emoji, 0 for
// combining marks. Code points are summed, as terminals do that do not join
// emoji sequences.
std::size_t DisplayWidth(std::string_view text);

// `text` (of DisplayText) in at most `width` >= 1 columns: its longest
// beginning of whole grapheme clusters (UAX 29), then an ellipsis (U+2026),
// where it is too long.
std::string Truncate(std::string_view text, std::size_t width);

// `text` (of DisplayText) filled with blanks to `width` columns, at least.
std::string PadRight(std::string_view text, std::size_t width);
std::string PadLeft(std::string_view text, std::size_t width);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_DISPLAY_TEXT_H_
