// Cuts a template into data, tags and the tokens within tags, by the rules of
// Jinja as transformers sets it: trim_blocks (the line feed behind a block is
// dropped), lstrip_blocks (so are blanks that lead a line up to a block),
// the signs "-" and "+", one line feed less at the end.
#ifndef PELLUCID_TOKENIZER_JINJA_LEXER_H_
#define PELLUCID_TOKENIZER_JINJA_LEXER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"

namespace pellucid::jinja {

enum class TokenKind : std::uint8_t {
  kData,
  kBlockBegin,
  kBlockEnd,
  kVariableBegin,
  kVariableEnd,
  kName,
  kText,  // a string literal, unescaped
  kInteger,
  kFloat,
  kOperator,  // text: the sign
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  int line = 1;
  std::int64_t integer = 0;
  double number = 0;

  bool Is(TokenKind wanted, std::string_view content) const {
    return kind == wanted && text == content;
  }
  bool IsName(std::string_view name) const {
    return Is(TokenKind::kName, name);
  }
  bool IsOperator(std::string_view sign) const {
    return Is(TokenKind::kOperator, sign);
  }
};

// The tokens, and one of kind kEnd. kModel, with its line: a tag without an
// end, a character that no token begins with, an integer beyond 64 bits.
Result<std::vector<Token>> Tokenize(std::string_view source);

// "line 3: WHAT".
Error SyntaxError(int line, std::string_view what);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_LEXER_H_
