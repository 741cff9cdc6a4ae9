// Where a parser is in the tokens of a template, what it expects there, and the
// words for what it finds instead.
#ifndef PELLUCID_TOKENIZER_JINJA_TOKEN_STREAM_H_
#define PELLUCID_TOKENIZER_JINJA_TOKEN_STREAM_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/jinja/lexer.h"

namespace pellucid::jinja {

// Ends with a token of kind kEnd, which is never passed.
class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens)
      : tokens_(std::move(tokens)) {}

  const Token& Current() const { return tokens_[at_]; }
  const Token& Following() const {
    return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_];
  }
  std::size_t position() const { return at_; }
  // Whether one of the tokens from `begin` to the current one is that name.
  bool HasNameSince(std::size_t begin, std::string_view name) const;
  void Next() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  bool TakeName(std::string_view name);
  bool TakeOperator(std::string_view sign);
  Status ExpectOperator(std::string_view sign);
  Status ExpectName(std::string_view name);
  Status Expect(TokenKind kind);
  Result<std::string> ExpectAnyName();
  // "line 3: WHAT, found 'x'".
  Error Unexpected(std::string_view what) const;

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_TOKEN_STREAM_H_
