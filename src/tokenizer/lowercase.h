// Lower case as the `tokenizers` library makes it: that of Rust, each
// character by itself (no final sigma), of Unicode 17.0. utf8proc, whose
// version is that of the machine, knows most of it; what is newer stands here.
#ifndef PELLUCID_TOKENIZER_LOWERCASE_H_
#define PELLUCID_TOKENIZER_LOWERCASE_H_

#include <string>
#include <string_view>

namespace pellucid {

// Appends `text`, well-formed UTF-8, in lower case.
void AppendLowercase(std::string_view text, std::string& out);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_LOWERCASE_H_
