#include "model/token_span.h"

#include <fmt/format.h>

#include <string>

#include "base/quote.h"

namespace pellucid {

Result<std::vector<std::size_t>> TokensOfText(const Tokenizer& tokenizer,
                                              std::span<const TokenId> ids,
                                              std::string_view text) {
  if (text.empty()) {
    return UsageError("text: is empty; name a part of the prompt");
  }
  std::string whole;
  std::vector<std::size_t> ends;
  for (const TokenId id : ids) {
    whole += tokenizer.TokenBytes(id);
    ends.push_back(whole.size());
  }
  const std::size_t begin = whole.find(text);
  if (begin == std::string::npos) {
    return UsageError(fmt::format(
        "text \"{}\": does not occur in the prompt \"{}\"; copy it from there",
        Quote(std::string(text)), Quote(whole)));
  }
  std::vector<std::size_t> found;
  for (std::size_t t = 0; t < ends.size(); ++t) {
    const std::size_t first = t == 0 ? 0 : ends[t - 1];
    const bool overlaps = first < begin + text.size() && begin < ends[t];
    if (overlaps && first < ends[t]) found.push_back(t);
  }
  return found;
}

}  // namespace pellucid
