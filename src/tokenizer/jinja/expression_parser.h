// The expressions of a template, by recursive descent: one function a level of
// precedence, from `if` (weakest) to calls and subscripts.
//
// As in Jinja, `~` binds tighter than `+`, `**` groups from the left, and a
// sign binds tighter than a filter.
#ifndef PELLUCID_TOKENIZER_JINJA_EXPRESSION_PARSER_H_
#define PELLUCID_TOKENIZER_JINJA_EXPRESSION_PARSER_H_

#include <cstddef>

#include "pellucid/result.h"
#include "tokenizer/jinja/ast.h"
#include "tokenizer/jinja/parser.h"
#include "tokenizer/jinja/token_stream.h"

namespace pellucid::jinja {

class ExpressionParser {
 public:
  ExpressionParser(TokenStream& tokens, Names& names, Heap& heap)
      : tokens_(tokens), names_(names), heap_(heap) {}

  // All: kModel, with the line.
  Result<ExprPtr> ParseExpression(bool with_conditional = true);
  // Expressions with commas between make a tuple.
  Result<ExprPtr> ParseTuple(bool with_conditional = true,
                             bool in_parentheses = false);
  // "| name(...) | name(...)" on `input`, which is null in filter blocks.
  Result<ExprPtr> ParseFilters(ExprPtr input);
  // One filter, whose name is next.
  Result<ExprPtr> ParseFilter(ExprPtr input);
  Result<Target> ParseTarget(bool with_attribute, bool one_name_each = false);

 private:
  Result<ExprPtr> ParseConditional();
  Result<ExprPtr> ParseOr();
  Result<ExprPtr> ParseAnd();
  Result<ExprPtr> ParseNot();
  Result<ExprPtr> ParseCompare();
  Result<ExprPtr> ParseSum();
  Result<ExprPtr> ParseConcat();
  Result<ExprPtr> ParseProduct();
  Result<ExprPtr> ParsePower();
  Result<ExprPtr> ParseUnary(bool with_filters = true);
  Result<ExprPtr> ParsePrimary();
  Result<ExprPtr> ParseList();
  Result<ExprPtr> ParseDict();
  Result<ExprPtr> ParsePostfix(ExprPtr node);
  Result<ExprPtr> ParseFiltersAndTests(ExprPtr node);
  Result<ExprPtr> ParseSubscript(ExprPtr node);
  Result<ExprPtr> ParseCall(ExprPtr callee);
  Result<ExprPtr> ParseTest(ExprPtr node);
  Status ParseArguments(Expr& call);
  bool AtTupleEnd() const;
  ExprPtr New(ExprKind kind) const;
  // Puts `child` into `node`. kModel: too deep.
  Status Adopt(Expr& node, ExprPtr child);
  Status Measure(Expr& node, const Expr* child) const;

  TokenStream& tokens_;
  Names& names_;
  Heap& heap_;
  std::size_t depth_ = 0;  // of calls of ParseConditional and ParseUnary
};

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_EXPRESSION_PARSER_H_
