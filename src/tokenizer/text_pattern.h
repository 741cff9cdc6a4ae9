// What a Split or Replace of a tokenizer.json looks for: a text as it stands
// ({"String": ..}) or a regular expression ({"Regex": ..}). To take the one for
// the other is a known way to get tokens wrong (formats 6.11).
#ifndef PELLUCID_TOKENIZER_TEXT_PATTERN_H_
#define PELLUCID_TOKENIZER_TEXT_PATTERN_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/pre_pattern.h"
#include "tokenizer/regex.h"

namespace pellucid {

// Immutable; cheap to copy.
class TextPattern {
 public:
  // The empty text is found nowhere.
  static TextPattern Literal(std::string text);
  // A known expression becomes its matcher (tokenizer/pre_pattern.h), which is
  // faster and knows a newer Unicode. kModel: see Regex::Compile.
  static Result<TextPattern> Compile(std::string_view pattern);

  // All matches in `text`, from left to right, without overlaps. `budget` and
  // kModel: see Regex::FindAll.
  Result<std::vector<MatchSpan>> FindAll(std::string_view text,
                                         TextBudget& budget) const;

 private:
  TextPattern() = default;

  std::string literal_;
  std::optional<PrePattern> known_;
  std::shared_ptr<const Regex> regex_;  // null: one of the others
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_TEXT_PATTERN_H_
