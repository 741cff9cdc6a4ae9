#include "tokenizer/jinja/token_stream.h"

#include <fmt/format.h>

#include "base/quote.h"

namespace pellucid::jinja {
namespace {

std::string_view DescriptionOf(const Token& token) {
  switch (token.kind) {
    case TokenKind::kData:
      return "text";
    case TokenKind::kBlockBegin:
      return "{%";
    case TokenKind::kBlockEnd:
      return "%}";
    case TokenKind::kVariableBegin:
      return "{{";
    case TokenKind::kVariableEnd:
      return "}}";
    case TokenKind::kEnd:
      return "the end of the template";
    default:
      return token.text;
  }
}

}  // namespace

bool TokenStream::HasNameSince(std::size_t begin, std::string_view name) const {
  for (std::size_t i = begin; i < at_; ++i) {
    if (tokens_[i].IsName(name)) return true;
  }
  return false;
}

bool TokenStream::TakeName(std::string_view name) {
  if (!Current().IsName(name)) return false;
  Next();
  return true;
}

bool TokenStream::TakeOperator(std::string_view sign) {
  if (!Current().IsOperator(sign)) return false;
  Next();
  return true;
}

Status TokenStream::ExpectOperator(std::string_view sign) {
  if (TakeOperator(sign)) return {};
  return Unexpected(fmt::format("\"{}\" is expected", sign));
}

Status TokenStream::ExpectName(std::string_view name) {
  if (TakeName(name)) return {};
  return Unexpected(fmt::format("\"{}\" is expected", name));
}

Status TokenStream::Expect(TokenKind kind) {
  if (Current().kind == kind) {
    Next();
    return {};
  }
  return Unexpected(kind == TokenKind::kBlockEnd ? "\"%}\" is expected"
                                                 : "\"}}\" is expected");
}

Result<std::string> TokenStream::ExpectAnyName() {
  if (Current().kind != TokenKind::kName) {
    return Unexpected("a name is expected");
  }
  std::string name = Current().text;
  Next();
  return name;
}

Error TokenStream::Unexpected(std::string_view what) const {
  return SyntaxError(
      Current().line,
      fmt::format("{}, not \"{}\"", what, Quote(DescriptionOf(Current()))));
}

}  // namespace pellucid::jinja
