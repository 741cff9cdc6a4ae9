#include "tokenizer/char_pairs.h"

#include <string_view>

#include "base/utf8.h"

namespace pellucid {

CharPairs::CharPairs(const Vocabulary& vocabulary)
    : bits_((std::size_t{1} << kBits) / 64) {
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const std::string_view text = vocabulary.Text(static_cast<TokenId>(i));
    if (FirstInvalidUtf8(text)) continue;
    char32_t left = 0;
    for (std::size_t at = 0; at < text.size();) {
      const Utf8Char c = DecodeUtf8(text, at);
      if (at > 0) {
        const std::uint32_t bit = BitOf(left, c.code);
        bits_[bit / 64] |= std::uint64_t{1} << (bit % 64);
      }
      left = c.code;
      at += c.bytes;
    }
  }
}

}  // namespace pellucid
