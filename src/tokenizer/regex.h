// A regular expression of a tokenizer.json, run by Oniguruma.
//
// Hugging Face's tokenizers are written for Oniguruma in its own syntax and
// UTF-8 (formats 6.10), so the same engine runs them here: every other one
// differs somewhere. The known patterns do not come here: they have matchers
// written by hand (tokenizer/pre_pattern.h). The classes of a pattern are those
// of Unicode 16.0 (tokenizer/pattern_classes.h); cases fold, and \b looks, as
// the installed Oniguruma knows them.
//
// A pattern comes from a file that nobody vouches for. It backtracks, so each
// search has a limit of steps and of stack, and all searches in the parts of a
// text share one of time (tokenizer/text_budget.h): a pattern that would take
// hours is an error after seconds.
#ifndef PELLUCID_TOKENIZER_REGEX_H_
#define PELLUCID_TOKENIZER_REGEX_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/text_budget.h"

struct re_pattern_buffer;  // Oniguruma's compiled pattern

namespace pellucid {

// Where a match lies: byte offsets, end excluded.
struct MatchSpan {
  std::size_t begin = 0, end = 0;
};

// Immutable. Safe to use from many threads.
class Regex {
 public:
  static constexpr std::size_t kMaxPatternBytes = 16 * 1024;

  // kModel: not valid, or longer than kMaxPatternBytes. The message begins
  // with the pattern: "the pattern \"(\" is not valid: ...".
  static Result<Regex> Compile(std::string_view pattern);

  // All matches in `text`, well-formed UTF-8, from left to right. An empty
  // match counts unless it lies at the end of the match before it. `budget` is
  // that of the whole text, of which `text` may be a part. kModel: the pattern
  // reached a limit.
  Result<std::vector<MatchSpan>> FindAll(std::string_view text,
                                         TextBudget& budget) const;

 private:
  struct Free {
    void operator()(re_pattern_buffer* compiled) const;
  };
  Regex(std::string pattern, re_pattern_buffer* compiled);

  std::string pattern_;
  std::unique_ptr<re_pattern_buffer, Free> compiled_;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_REGEX_H_
