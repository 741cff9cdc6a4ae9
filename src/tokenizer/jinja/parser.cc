#include "tokenizer/jinja/parser.h"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

#include "base/quote.h"
#include "tokenizer/jinja/expression_parser.h"
#include "tokenizer/jinja/lexer.h"

namespace pellucid::jinja {
namespace {

using EndTags = std::initializer_list<std::string_view>;

class Parser {
 public:
  Parser(std::vector<Token> tokens, Names& names, Heap& heap)
      : names_(names),
        tokens_(std::move(tokens)),
        expressions_(tokens_, names, heap) {}

  Result<Body> Run() { return ParseBody({}); }

 private:
  Statement New(StatementKind kind) const {
    Statement statement;
    statement.kind = kind;
    statement.line = tokens_.Current().line;
    return statement;
  }

  // Up to a block whose tag is one of `ends`, which is then the current token;
  // without such, up to the end of the template.
  Result<Body> ParseBody(EndTags ends) {
    if (++depth_ > kMaxNesting) {
      return SyntaxError(
          tokens_.Current().line,
          fmt::format("blocks are nested more than {} deep", kMaxNesting));
    }
    Body body;
    while (tokens_.Current().kind != TokenKind::kEnd) {
      const Token& token = tokens_.Current();
      if (token.kind == TokenKind::kData) {
        Statement data = New(StatementKind::kData);
        data.text = token.text;
        body.push_back(std::move(data));
        tokens_.Next();
        continue;
      }
      const bool block = token.kind == TokenKind::kBlockBegin;
      tokens_.Next();
      if (!block) {
        Statement output = New(StatementKind::kOutput);
        PELLUCID_ASSIGN_OR_RETURN(output.expr, expressions_.ParseTuple());
        PELLUCID_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kVariableEnd));
        body.push_back(std::move(output));
        continue;
      }
      for (const std::string_view end : ends) {
        if (!tokens_.Current().IsName(end)) continue;
        --depth_;
        return body;
      }
      PELLUCID_RETURN_IF_ERROR(ParseStatement(body));
      PELLUCID_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kBlockEnd));
    }
    --depth_;
    if (ends.size() == 0) return body;
    return tokens_.Unexpected(
        fmt::format("\"{}\" is expected", *(ends.end() - 1)));
  }

  // The rest of a block's opening tag, and its body.
  Result<Body> ParseBlock(EndTags ends) {
    tokens_.TakeOperator(":");
    PELLUCID_RETURN_IF_ERROR(tokens_.Expect(TokenKind::kBlockEnd));
    return ParseBody(ends);
  }
  // The same, with the one end tag taken.
  Result<Body> ParseWholeBlock(std::string_view end) {
    PELLUCID_ASSIGN_OR_RETURN(Body body, ParseBlock({end}));
    tokens_.Next();
    return body;
  }

  Status ParseStatement(Body& body) {
    const Token tag = tokens_.Current();
    if (tag.kind != TokenKind::kName) {
      return tokens_.Unexpected("the name of a tag is expected");
    }
    tokens_.Next();
    if (tag.text == "set") return ParseSet(body);
    if (tag.text == "if") return ParseIf(body);
    if (tag.text == "for") return ParseFor(body);
    if (tag.text == "macro") return ParseMacro(body);
    if (tag.text == "call") return ParseCallBlock(body);
    if (tag.text == "filter") return ParseFilterBlock(body);
    if (tag.text == "with") return ParseWith(body);
    if (tag.text == "print") return ParsePrint(body);
    if (tag.text == "generation") {
      Statement scope = New(StatementKind::kScope);
      PELLUCID_ASSIGN_OR_RETURN(scope.bodies.emplace_back(),
                                ParseWholeBlock("endgeneration"));
      body.push_back(std::move(scope));
      return {};
    }
    if (tag.text == "break" || tag.text == "continue") {
      if (loops_ == 0) {
        return SyntaxError(tag.line,
                           fmt::format("\"{}\" outside of a loop", tag.text));
      }
      body.push_back(New(tag.text == "break" ? StatementKind::kBreak
                                             : StatementKind::kContinue));
      return {};
    }
    return SyntaxError(
        tag.line, fmt::format("the tag \"{}\" is not known, not supported, or "
                              "not expected here",
                              Quote(tag.text)));
  }

  Status ParseSet(Body& body) {
    Statement set = New(StatementKind::kSet);
    PELLUCID_ASSIGN_OR_RETURN(set.targets.emplace_back(),
                              expressions_.ParseTarget(
                                  /*with_attribute=*/true));
    if (tokens_.TakeOperator("=")) {
      PELLUCID_ASSIGN_OR_RETURN(set.expr, expressions_.ParseTuple());
    } else {
      set.kind = StatementKind::kSetBlock;
      PELLUCID_ASSIGN_OR_RETURN(set.expr, expressions_.ParseFilters(nullptr));
      PELLUCID_ASSIGN_OR_RETURN(set.bodies.emplace_back(),
                                ParseWholeBlock("endset"));
    }
    body.push_back(std::move(set));
    return {};
  }

  Status ParseIf(Body& body) {
    Statement node = New(StatementKind::kIf);
    while (true) {
      PELLUCID_ASSIGN_OR_RETURN(
          node.exprs.emplace_back(),
          expressions_.ParseTuple(/*with_conditional=*/false));
      PELLUCID_ASSIGN_OR_RETURN(node.bodies.emplace_back(),
                                ParseBlock({"elif", "else", "endif"}));
      if (tokens_.TakeName("elif")) continue;
      if (tokens_.TakeName("else")) {
        PELLUCID_ASSIGN_OR_RETURN(node.bodies.emplace_back(),
                                  ParseWholeBlock("endif"));
      } else {
        tokens_.Next();
      }
      body.push_back(std::move(node));
      return {};
    }
  }

  Status ParseFor(Body& body) {
    Statement node = New(StatementKind::kFor);
    PELLUCID_ASSIGN_OR_RETURN(node.targets.emplace_back(),
                              expressions_.ParseTarget(
                                  /*with_attribute=*/false));
    PELLUCID_RETURN_IF_ERROR(tokens_.ExpectName("in"));
    PELLUCID_ASSIGN_OR_RETURN(node.expr, expressions_.ParseTuple(
                                             /*with_conditional=*/false));
    if (tokens_.TakeName("if")) {
      PELLUCID_ASSIGN_OR_RETURN(node.condition, expressions_.ParseExpression());
    }
    if (tokens_.Current().IsName("recursive")) {
      return SyntaxError(node.line, "recursive loops are not supported");
    }
    ++loops_;
    PELLUCID_ASSIGN_OR_RETURN(node.bodies.emplace_back(),
                              ParseBlock({"else", "endfor"}));
    --loops_;
    if (tokens_.TakeName("else")) {
      PELLUCID_ASSIGN_OR_RETURN(node.bodies.emplace_back(),
                                ParseWholeBlock("endfor"));
    } else {
      tokens_.Next();
    }
    body.push_back(std::move(node));
    return {};
  }

  // "(a, b=1)".
  Status ParseParameters(MacroNode& macro) {
    PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator("("));
    while (!tokens_.TakeOperator(")")) {
      if (!macro.parameters.empty()) {
        PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      }
      const int line = tokens_.Current().line;
      PELLUCID_ASSIGN_OR_RETURN(
          const Target target,
          expressions_.ParseTarget(/*with_attribute=*/false,
                                   /*one_name_each=*/true));
      if (!target.nested.empty()) {
        return SyntaxError(line, "a parameter is no tuple");
      }
      macro.parameters.push_back(target.name);
      macro.parameter_names.push_back(names_.NameOf(target.name));
      if (tokens_.TakeOperator("=")) {
        PELLUCID_ASSIGN_OR_RETURN(macro.defaults.emplace_back(),
                                  expressions_.ParseExpression());
      } else if (!macro.defaults.empty()) {
        return SyntaxError(line,
                           "a parameter without a default stands behind one "
                           "that has one");
      }
    }
    return {};
  }

  // A body that is run by calls: loops around it are none of its own. Whether
  // it takes more arguments than it names shows in the names that it uses.
  Status ParseMacroBody(MacroNode& macro, std::string_view end) {
    const std::size_t loops = std::exchange(loops_, 0);
    const std::size_t begin = tokens_.position();
    PELLUCID_ASSIGN_OR_RETURN(macro.body, ParseWholeBlock(end));
    loops_ = loops;
    macro.uses_varargs = tokens_.HasNameSince(begin, "varargs");
    macro.uses_kwargs = tokens_.HasNameSince(begin, "kwargs");
    macro.uses_caller = tokens_.HasNameSince(begin, "caller");
    return {};
  }

  Status ParseMacro(Body& body) {
    Statement node = New(StatementKind::kMacro);
    node.macro = std::make_unique<MacroNode>();
    PELLUCID_ASSIGN_OR_RETURN(node.macro->name, tokens_.ExpectAnyName());
    node.targets.emplace_back().name = names_.NumberOf(node.macro->name);
    PELLUCID_RETURN_IF_ERROR(ParseParameters(*node.macro));
    PELLUCID_RETURN_IF_ERROR(ParseMacroBody(*node.macro, "endmacro"));
    body.push_back(std::move(node));
    return {};
  }

  Status ParseCallBlock(Body& body) {
    Statement node = New(StatementKind::kCallBlock);
    node.macro = std::make_unique<MacroNode>();
    if (tokens_.Current().IsOperator("(")) {
      PELLUCID_RETURN_IF_ERROR(ParseParameters(*node.macro));
    }
    PELLUCID_ASSIGN_OR_RETURN(node.expr, expressions_.ParseExpression());
    if (node.expr->kind != ExprKind::kCall) {
      return SyntaxError(node.line, "a call is expected");
    }
    PELLUCID_RETURN_IF_ERROR(ParseMacroBody(*node.macro, "endcall"));
    body.push_back(std::move(node));
    return {};
  }

  Status ParseFilterBlock(Body& body) {
    Statement node = New(StatementKind::kFilterBlock);
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr first, expressions_.ParseFilter(nullptr));
    PELLUCID_ASSIGN_OR_RETURN(node.expr,
                              expressions_.ParseFilters(std::move(first)));
    PELLUCID_ASSIGN_OR_RETURN(node.bodies.emplace_back(),
                              ParseWholeBlock("endfilter"));
    body.push_back(std::move(node));
    return {};
  }

  Status ParseWith(Body& body) {
    Statement node = New(StatementKind::kWith);
    while (tokens_.Current().kind != TokenKind::kBlockEnd) {
      if (!node.targets.empty()) {
        PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      }
      PELLUCID_ASSIGN_OR_RETURN(
          node.targets.emplace_back(),
          expressions_.ParseTarget(/*with_attribute=*/false,
                                   /*one_name_each=*/true));
      PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator("="));
      PELLUCID_ASSIGN_OR_RETURN(node.exprs.emplace_back(),
                                expressions_.ParseExpression());
    }
    PELLUCID_ASSIGN_OR_RETURN(node.bodies.emplace_back(),
                              ParseWholeBlock("endwith"));
    body.push_back(std::move(node));
    return {};
  }

  Status ParsePrint(Body& body) {
    while (true) {
      Statement output = New(StatementKind::kOutput);
      PELLUCID_ASSIGN_OR_RETURN(output.expr, expressions_.ParseExpression());
      body.push_back(std::move(output));
      if (!tokens_.TakeOperator(",")) return {};
    }
  }

  Names& names_;
  TokenStream tokens_;
  ExpressionParser expressions_;
  std::size_t depth_ = 0;
  std::size_t loops_ = 0;
};

}  // namespace

int Names::NumberOf(std::string_view name) {
  const auto [at, is_new] =
      numbers_.emplace(name, static_cast<int>(names_.size()));
  if (is_new) names_.emplace_back(name);
  return at->second;
}

int Names::Find(std::string_view name) const {
  const auto at = numbers_.find(std::string(name));
  return at == numbers_.end() ? -1 : at->second;
}

Result<Body> ParseTemplate(std::string_view source, Names& names, Heap& heap) {
  PELLUCID_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(source));
  return Parser(std::move(tokens), names, heap).Run();
}

}  // namespace pellucid::jinja
