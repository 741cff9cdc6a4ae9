#include "tokenizer/text_pattern.h"

#include <cstddef>
#include <utility>

namespace pellucid {

TextPattern TextPattern::Literal(std::string text) {
  TextPattern pattern;
  pattern.literal_ = std::move(text);
  return pattern;
}

Result<TextPattern> TextPattern::Compile(std::string_view pattern) {
  TextPattern compiled;
  compiled.known_ = FindPrePattern(pattern);
  if (compiled.known_) return compiled;
  PELLUCID_ASSIGN_OR_RETURN(Regex regex, Regex::Compile(pattern));
  compiled.regex_ = std::make_shared<const Regex>(std::move(regex));
  return compiled;
}

Result<std::vector<MatchSpan>> TextPattern::FindAll(std::string_view text,
                                                    TextBudget& budget) const {
  if (regex_) return regex_->FindAll(text, budget);
  std::vector<MatchSpan> matches;
  if (known_) {
    PieceCursor cursor(*known_, text);
    for (std::string_view piece; cursor.Next(piece);) {
      const auto begin = static_cast<std::size_t>(piece.data() - text.data());
      matches.push_back({begin, begin + piece.size()});
    }
    return matches;
  }
  if (literal_.empty()) return matches;
  for (std::size_t at = text.find(literal_); at != text.npos;
       at = text.find(literal_, at + literal_.size())) {
    matches.push_back({at, at + literal_.size()});
  }
  return matches;
}

}  // namespace pellucid
