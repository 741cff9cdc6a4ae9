// Documents cut into windows (pellucid/tune.h).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pellucid/tune.h"

namespace pellucid {

Result<std::vector<std::vector<TokenId>>> CutWindows(
    const Model& model, std::span<const std::string> documents,
    std::size_t window) {
  PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                            model.RequireTokenizer());
  const std::size_t context = model.info().context_length;
  if (window < 2 || window > context) {
    return UsageError(fmt::format(
        "tune: window {}: is not within 2 and the model's context of {} "
        "tokens; choose one that is",
        window, context));
  }
  std::vector<TokenId> stream;
  for (const std::string& document : documents) {
    PELLUCID_ASSIGN_OR_RETURN(
        const Encoding encoding,
        tokenizer->Encode(document, {.bos = BosPolicy::kNever}));
    if (encoding.ids.empty()) continue;
    if (!stream.empty() && tokenizer->EosId()) {
      stream.push_back(*tokenizer->EosId());
    }
    stream.insert(stream.end(), encoding.ids.begin(), encoding.ids.end());
  }
  const bool bos = tokenizer->AddsBos() && tokenizer->BosId();
  const std::size_t step = bos ? window - 1 : window;
  std::vector<std::vector<TokenId>> windows;
  for (std::size_t begin = 0; begin < stream.size(); begin += step) {
    const std::size_t count = std::min(step, stream.size() - begin);
    std::vector<TokenId> ids;
    if (bos) ids.push_back(*tokenizer->BosId());
    const auto first = stream.begin() + static_cast<std::ptrdiff_t>(begin);
    ids.insert(ids.end(), first, first + static_cast<std::ptrdiff_t>(count));
    if (ids.size() >= 2) windows.push_back(std::move(ids));
  }
  if (windows.empty()) {
    return UsageError(
        "tune: the text has fewer than two tokens; give more of it");
  }
  return windows;
}

}  // namespace pellucid
