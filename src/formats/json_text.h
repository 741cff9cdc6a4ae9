// Texts as JSON writes them, for files that are put together by hand: layers
// below the renderer have no JSON writer.
#ifndef PELLUCID_FORMATS_JSON_TEXT_H_
#define PELLUCID_FORMATS_JSON_TEXT_H_

#include <string>
#include <string_view>

namespace pellucid {

// Appends `text` in double quotes. Bytes that are no UTF-8 become U+FFFD.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_JSON_TEXT_H_
