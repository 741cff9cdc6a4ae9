// Unicode normalisation as the `tokenizers` library does it.
//
// Its tables are those of Unicode 9.0: a newer character is neither
// decomposed, composed nor reordered (formats 6.3, 6.12.10). So utf8proc, of
// whatever version, works on the runs between newer characters: to be an inert
// starter, which is what 9.0 takes them for, and to end a run is the same.
#ifndef PELLUCID_TOKENIZER_NORMAL_FORM_H_
#define PELLUCID_TOKENIZER_NORMAL_FORM_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace pellucid {

enum class NormalForm : std::uint8_t { kNfc, kNfd, kNfkc, kNfkd };

// The normal form of `text`, which must be well-formed UTF-8: `text` itself
// where it holds no character that the form may change, else a view of
// `storage`. O(n log n) in the longest row of combining marks, else linear.
std::string_view Normalise(NormalForm form, std::string_view text,
                           std::string& storage);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_NORMAL_FORM_H_
