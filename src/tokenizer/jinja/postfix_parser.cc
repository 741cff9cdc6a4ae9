// What stands behind a value: subscripts, calls, filters and tests.
#include <fmt/format.h>

#include <utility>

#include "tokenizer/jinja/expression_parser.h"

namespace pellucid::jinja {

Result<ExprPtr> ExpressionParser::ParsePostfix(ExprPtr node) {
  while (true) {
    const Token& token = tokens_.Current();
    if (token.IsOperator(".") || token.IsOperator("[")) {
      PELLUCID_ASSIGN_OR_RETURN(node, ParseSubscript(std::move(node)));
    } else if (token.IsOperator("(")) {
      PELLUCID_ASSIGN_OR_RETURN(node, ParseCall(std::move(node)));
    } else {
      return node;
    }
  }
}

Result<ExprPtr> ExpressionParser::ParseFiltersAndTests(ExprPtr node) {
  while (true) {
    const Token& token = tokens_.Current();
    if (token.IsOperator("|")) {
      PELLUCID_ASSIGN_OR_RETURN(node, ParseFilters(std::move(node)));
    } else if (token.IsName("is")) {
      PELLUCID_ASSIGN_OR_RETURN(node, ParseTest(std::move(node)));
    } else if (token.IsOperator("(")) {
      PELLUCID_ASSIGN_OR_RETURN(node, ParseCall(std::move(node)));
    } else {
      return node;
    }
  }
}

Result<ExprPtr> ExpressionParser::ParseSubscript(ExprPtr node) {
  if (tokens_.TakeOperator(".")) {
    const Token& token = tokens_.Current();
    if (token.kind == TokenKind::kName) {
      ExprPtr attribute = New(ExprKind::kAttribute);
      attribute->text = token.text;
      tokens_.Next();
      PELLUCID_RETURN_IF_ERROR(Adopt(*attribute, std::move(node)));
      return attribute;
    }
    if (token.kind != TokenKind::kInteger) {
      return tokens_.Unexpected("a name or a number is expected");
    }
    ExprPtr item = New(ExprKind::kItem);
    PELLUCID_RETURN_IF_ERROR(Adopt(*item, std::move(node)));
    ExprPtr index = New(ExprKind::kConstant);
    index->constant = Value(token.integer);
    tokens_.Next();
    PELLUCID_RETURN_IF_ERROR(Adopt(*item, std::move(index)));
    return item;
  }
  PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator("["));
  ExprPtr item = New(ExprKind::kItem);
  PELLUCID_RETURN_IF_ERROR(Adopt(*item, std::move(node)));
  for (std::size_t part = 0; part < 3; ++part) {
    ExprPtr index;
    const Token& token = tokens_.Current();
    if (!token.IsOperator(":") && !token.IsOperator("]")) {
      PELLUCID_ASSIGN_OR_RETURN(index, ParseConditional());
    }
    PELLUCID_RETURN_IF_ERROR(Adopt(*item, std::move(index)));
    if (!tokens_.Current().IsOperator(":")) break;
    item->kind = ExprKind::kSlice;
    if (part == 2) break;
    tokens_.Next();
  }
  if (item->kind == ExprKind::kSlice) item->children.resize(4);
  if (item->kind == ExprKind::kItem && item->children[1] == nullptr) {
    return tokens_.Unexpected("an index is expected");
  }
  if (tokens_.Current().IsOperator(",")) {
    return tokens_.Unexpected("one index is supported");
  }
  PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator("]"));
  return item;
}

Status ExpressionParser::ParseArguments(Expr& call) {
  PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator("("));
  bool first = true;
  while (!tokens_.Current().IsOperator(")")) {
    if (!first) {
      PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      if (tokens_.Current().IsOperator(")")) break;
    }
    first = false;
    const int line = tokens_.Current().line;
    ExprPtr* to = nullptr;
    bool in_order = call.more_named == nullptr;
    if (tokens_.TakeOperator("*")) {
      in_order = in_order && call.more == nullptr;
      to = &call.more;
    } else if (tokens_.TakeOperator("**")) {
      to = &call.more_named;
    } else if (tokens_.Current().kind == TokenKind::kName &&
               tokens_.Following().IsOperator("=")) {
      to = &call.named.emplace_back(tokens_.Current().text, nullptr).second;
      tokens_.Next();
      tokens_.Next();
    } else {
      in_order = in_order && call.more == nullptr && call.named.empty();
      to = &call.arguments.emplace_back();
    }
    if (!in_order) return SyntaxError(line, "arguments in the wrong order");
    PELLUCID_ASSIGN_OR_RETURN(*to, ParseConditional());
    PELLUCID_RETURN_IF_ERROR(Measure(call, to->get()));
  }
  tokens_.Next();
  return {};
}

Result<ExprPtr> ExpressionParser::ParseCall(ExprPtr callee) {
  ExprPtr call = New(ExprKind::kCall);
  PELLUCID_RETURN_IF_ERROR(Adopt(*call, std::move(callee)));
  PELLUCID_RETURN_IF_ERROR(ParseArguments(*call));
  return call;
}

Result<ExprPtr> ExpressionParser::ParseFilters(ExprPtr input) {
  while (tokens_.TakeOperator("|")) {
    PELLUCID_ASSIGN_OR_RETURN(input, ParseFilter(std::move(input)));
  }
  return input;
}

Result<ExprPtr> ExpressionParser::ParseFilter(ExprPtr input) {
  ExprPtr filter = New(ExprKind::kFilter);
  PELLUCID_ASSIGN_OR_RETURN(filter->text, tokens_.ExpectAnyName());
  PELLUCID_RETURN_IF_ERROR(Adopt(*filter, std::move(input)));
  if (tokens_.Current().IsOperator("(")) {
    PELLUCID_RETURN_IF_ERROR(ParseArguments(*filter));
  }
  return filter;
}

Result<ExprPtr> ExpressionParser::ParseTest(ExprPtr node) {
  tokens_.Next();
  ExprPtr test = New(ExprKind::kTest);
  const bool negated = tokens_.TakeName("not");
  PELLUCID_ASSIGN_OR_RETURN(test->text, tokens_.ExpectAnyName());
  PELLUCID_RETURN_IF_ERROR(Adopt(*test, std::move(node)));
  const Token& token = tokens_.Current();
  const bool has_argument =
      token.kind == TokenKind::kText || token.kind == TokenKind::kInteger ||
      token.kind == TokenKind::kFloat || token.IsOperator("[") ||
      token.IsOperator("{") ||
      (token.kind == TokenKind::kName && token.text != "else" &&
       token.text != "or" && token.text != "and");
  if (token.IsOperator("(")) {
    PELLUCID_RETURN_IF_ERROR(ParseArguments(*test));
  } else if (token.IsName("is")) {
    return tokens_.Unexpected("tests cannot be chained");
  } else if (has_argument) {
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr argument, ParsePrimary());
    PELLUCID_ASSIGN_OR_RETURN(argument, ParsePostfix(std::move(argument)));
    PELLUCID_RETURN_IF_ERROR(Measure(*test, argument.get()));
    test->arguments.push_back(std::move(argument));
  }
  if (!negated) return test;
  ExprPtr negation = New(ExprKind::kNot);
  PELLUCID_RETURN_IF_ERROR(Adopt(*negation, std::move(test)));
  return negation;
}

}  // namespace pellucid::jinja
