#include "analysis/continuation_text.h"

#include <algorithm>
#include <utility>

namespace pellucid {

ContinuationText::ContinuationText(const Tokenizer& tokenizer,
                                   std::span<const TokenId> prompt,
                                   std::vector<std::string> stop_texts)
    : stream_(tokenizer), stop_texts_(std::move(stop_texts)) {
  for (const TokenId id : prompt) stream_.Push(id);
}

std::string ContinuationText::Push(TokenId id) {
  return Release(stream_.Push(id), /*end=*/false);
}

std::string ContinuationText::Finish() {
  return stopped_ ? std::string() : Release(stream_.Finish(), /*end=*/true);
}

std::string ContinuationText::Release(const std::string& more, bool end) {
  text_ += more;
  // What was released holds no beginning of a stop text that goes on.
  std::size_t first = text_.size();
  for (const std::string& stop : stop_texts_) {
    const std::size_t at = text_.find(stop, released_);
    if (at == std::string::npos) continue;
    first = std::min(first, at);
    stopped_ = true;
  }
  if (!stopped_ && !end) first -= HeldLength();
  const std::string released = text_.substr(released_, first - released_);
  released_ = first;
  return released;
}

std::size_t ContinuationText::HeldLength() const {
  const std::size_t most = text_.size() - released_;
  std::size_t held = 0;
  for (const std::string& stop : stop_texts_) {
    for (std::size_t n = std::min(stop.size() - 1, most); n > held; --n) {
      if (text_.compare(text_.size() - n, n, stop, 0, n) != 0) continue;
      held = n;
      break;
    }
  }
  return held;
}

}  // namespace pellucid
