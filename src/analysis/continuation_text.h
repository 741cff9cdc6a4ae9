// The text of a continuation while it grows: what may be shown already, and
// where a stop text ends it.
#ifndef PELLUCID_ANALYSIS_CONTINUATION_TEXT_H_
#define PELLUCID_ANALYSIS_CONTINUATION_TEXT_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "pellucid/tokenizer.h"

namespace pellucid {

class ContinuationText {
 public:
  // Behind the text of `prompt`: what a token adds may depend on it (a blank
  // that begins a word, a character that is half there). No stop text is empty.
  ContinuationText(const Tokenizer& tokenizer, std::span<const TokenId> prompt,
                   std::vector<std::string> stop_texts);

  // What is certain now that `id` follows; empty: nothing new. Holds back an
  // unfinished character and what a stop text may begin with. Not to be called
  // once stopped().
  std::string Push(TokenId id);
  // What was held back, at the end.
  std::string Finish();

  // A stop text is complete: text() ends before it.
  bool stopped() const { return stopped_; }
  // All that Push and Finish gave.
  std::string text() const { return text_.substr(0, released_); }

 private:
  // Takes more text in; releases what no stop text can begin in, or, at the
  // `end`, all of it.
  std::string Release(const std::string& more, bool end);
  // The length of the longest end of text_ that a stop text begins with.
  std::size_t HeldLength() const;

  StreamDecoder stream_;
  std::vector<std::string> stop_texts_;
  std::string text_;
  std::size_t released_ = 0;  // bytes of it
  bool stopped_ = false;
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_CONTINUATION_TEXT_H_
