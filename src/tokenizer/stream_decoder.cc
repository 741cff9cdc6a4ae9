// Decoding in steps, as `tokenizers`' DecodeStream does it: a window of ids is
// decoded again and again, because what a token adds to a text depends on those
// before it.
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "pellucid/tokenizer.h"

namespace pellucid {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// Ids without a whole character, after which the window is given as it stands:
// else a row of broken bytes would be decoded in quadratic time.
constexpr std::size_t kLongestWait = 256;

}  // namespace

StreamDecoder::StreamDecoder(Tokenizer tokenizer, bool skip_special_tokens)
    : tokenizer_(std::move(tokenizer)),
      skip_special_tokens_(skip_special_tokens) {}

std::string StreamDecoder::Rest(const std::string& text) const {
  // Where a later id changed the text, what has the same length counts as
  // returned, to the end of the character there.
  std::size_t at = prefix_.size();
  while (at < text.size() &&
         (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) {
    ++at;
  }
  return at < text.size() ? text.substr(at) : std::string();
}

std::string StreamDecoder::Push(TokenId id) {
  window_.push_back(id);
  const std::string text = tokenizer_.Decode(window_, skip_special_tokens_);
  const bool waits = text.size() <= prefix_.size() ||
                     std::string_view(text).ends_with(kReplacement);
  if (waits && window_.size() - returned_ < kLongestWait) return {};
  std::string rest = Rest(text);
  window_.erase(window_.begin(),
                window_.begin() + static_cast<std::ptrdiff_t>(returned_));
  returned_ = window_.size();
  prefix_ = tokenizer_.Decode(window_, skip_special_tokens_);
  return rest;
}

std::string StreamDecoder::Finish() {
  std::string rest = Rest(tokenizer_.Decode(window_, skip_special_tokens_));
  window_.clear();
  returned_ = 0;
  prefix_.clear();
  return rest;
}

}  // namespace pellucid
