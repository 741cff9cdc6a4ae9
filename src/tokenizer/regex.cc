#include "tokenizer/regex.h"

#include <oniguruma.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/quote.h"
#include "base/utf8.h"
#include "fmt/format.h"
#include "tokenizer/pattern_classes.h"

namespace pellucid {
namespace {

// Groups within groups. Oniguruma recurses on them, and its own limit of 4096
// comes near the end of a thread's stack.
constexpr unsigned kMaxDepth = 250;

// Backtracking steps of one search: what Oniguruma allows one attempt to
// match, about 0.2 s, and some for each byte, because a place where nothing
// matches and a character that a loop may give back count as steps too.
constexpr unsigned long kMaxSteps = 10'000'000;
constexpr unsigned long kStepsPerByte = 8;

// Entries on the engine's own stack, about 40 bytes each.
constexpr unsigned kMaxStack = 1U << 22;

// A pattern with all its classes written out: \p{L} alone takes 13 KB.
constexpr std::size_t kMaxPinnedBytes = std::size_t{1} << 20;

bool Initialize() {
  OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
  if (onig_initialize(encodings, 1) != ONIG_NORMAL) return false;
  return onig_set_parse_depth_limit(kMaxDepth) == ONIG_NORMAL;
}

const OnigUChar* Bytes(const char* text) {
  return reinterpret_cast<const OnigUChar*>(text);
}

std::string OnigMessage(int code, OnigErrorInfo* info) {
  std::array<OnigUChar, ONIG_MAX_ERROR_MESSAGE_LEN> text{};
  const int length = onig_error_code_to_str(text.data(), code, info);
  return Quote(std::string_view(reinterpret_cast<const char*>(text.data()),
                                static_cast<std::size_t>(length)));
}

Error BadPattern(std::string_view pattern, std::string_view what) {
  return ModelError(fmt::format("the pattern \"{}\" {}", Quote(pattern), what));
}

// The engine's state for one text, and the limits on each search in it.
class Search {
 public:
  explicit Search(std::string_view text)
      : text_(text),
        region_(onig_region_new()),
        limits_(onig_new_match_param()) {
    onig_initialize_match_param(limits_);
    onig_set_match_stack_limit_size_of_match_param(limits_, kMaxStack);
    const unsigned long steps = kMaxSteps + kStepsPerByte * text.size();
    onig_set_retry_limit_in_match_of_match_param(limits_, steps);
    onig_set_retry_limit_in_search_of_match_param(limits_, steps);
  }
  ~Search() {
    onig_region_free(region_, /*free_self=*/1);
    onig_free_match_param(limits_);
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  // ONIG_MISMATCH, an error, or the offset of the first match from `at` on.
  int Next(regex_t* compiled, std::size_t at) {
    const OnigUChar* begin = Bytes(text_.data());
    const OnigUChar* end = begin + text_.size();
    return onig_search_with_param(compiled, begin, end, begin + at, end,
                                  region_, ONIG_OPTION_NONE, limits_);
  }
  MatchSpan span() const {
    return {static_cast<std::size_t>(region_->beg[0]),
            static_cast<std::size_t>(region_->end[0])};
  }

 private:
  std::string_view text_;
  OnigRegion* region_;
  OnigMatchParam* limits_;
};

}  // namespace

void Regex::Free::operator()(re_pattern_buffer* compiled) const {
  onig_free(compiled);
}

Regex::Regex(std::string pattern, re_pattern_buffer* compiled)
    : pattern_(std::move(pattern)), compiled_(compiled) {}

Result<Regex> Regex::Compile(std::string_view pattern) {
  static const bool initialized = Initialize();
  if (!initialized) return FailedError("the regular expressions do not start");
  if (pattern.size() > kMaxPatternBytes) {
    return BadPattern(pattern, fmt::format("has {} bytes, at most {} are "
                                           "supported",
                                           pattern.size(), kMaxPatternBytes));
  }
  const std::string pinned = PinClasses(pattern, kMaxPinnedBytes);
  if (pinned.size() > kMaxPinnedBytes) {
    return BadPattern(pattern, fmt::format("has more than {} bytes with its "
                                           "classes written out",
                                           kMaxPinnedBytes));
  }
  regex_t* compiled = nullptr;
  OnigErrorInfo info{};
  const int code = onig_new(
      &compiled, Bytes(pinned.data()), Bytes(pinned.data() + pinned.size()),
      ONIG_OPTION_NONE, ONIG_ENCODING_UTF8, ONIG_SYNTAX_ONIGURUMA, &info);
  if (code != ONIG_NORMAL) {
    return BadPattern(pattern, "is not valid: " + OnigMessage(code, &info));
  }
  return Regex(std::string(pattern), compiled);
}

Result<std::vector<MatchSpan>> Regex::FindAll(std::string_view text,
                                              TextBudget& budget) const {
  std::vector<MatchSpan> matches;
  Search search(text);
  std::size_t at = 0;
  while (at <= text.size()) {
    if (budget.IsLate()) {
      return BadPattern(pattern_,
                        fmt::format("takes too long: it is at byte {} of a "
                                    "text of {}",
                                    at, text.size()));
    }
    const int code = search.Next(compiled_.get(), at);
    if (code == ONIG_MISMATCH) break;
    if (code < 0) {
      return BadPattern(
          pattern_, fmt::format("gives up at byte {} of a text "
                                "of {}: {}",
                                at, text.size(), OnigMessage(code, nullptr)));
    }
    const MatchSpan span = search.span();
    const bool is_repeated = span.begin == span.end && !matches.empty() &&
                             matches.back().end == span.end;
    if (is_repeated) {
      at += at < text.size() ? DecodeUtf8(text, at).bytes : 1;
    } else {
      at = span.end;
      matches.push_back(span);
    }
  }
  return matches;
}

}  // namespace pellucid
