#include "tokenizer/jinja/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace pellucid::jinja {
namespace {

// Counts how deep the parser is within itself.
class Nesting {
 public:
  explicit Nesting(std::size_t* depth) : depth_(depth) { ++*depth_; }
  ~Nesting() { --*depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  bool too_deep() const { return *depth_ > kMaxNesting; }

 private:
  std::size_t* depth_;
};

Error TooDeep(int line) {
  return SyntaxError(line, fmt::format("an expression is nested more than {} "
                                       "deep",
                                       kMaxNesting));
}

std::optional<Compare> CompareOf(const Token& token) {
  if (token.kind != TokenKind::kOperator) return std::nullopt;
  if (token.text == "==") return Compare::kEqual;
  if (token.text == "!=") return Compare::kUnequal;
  if (token.text == "<") return Compare::kLess;
  if (token.text == "<=") return Compare::kLessOrEqual;
  if (token.text == ">") return Compare::kGreater;
  if (token.text == ">=") return Compare::kGreaterOrEqual;
  return std::nullopt;
}

}  // namespace

ExprPtr ExpressionParser::New(ExprKind kind) const {
  auto node = std::make_unique<Expr>();
  node->kind = kind;
  node->line = tokens_.Current().line;
  return node;
}

Status ExpressionParser::Measure(Expr& node, const Expr* child) const {
  if (child == nullptr) return {};
  node.depth = std::max(node.depth, child->depth + 1);
  if (node.depth > kMaxNesting) return TooDeep(node.line);
  return {};
}

Status ExpressionParser::Adopt(Expr& node, ExprPtr child) {
  const Status status = Measure(node, child.get());
  node.children.push_back(std::move(child));
  return status;
}

Result<ExprPtr> ExpressionParser::ParseExpression(bool with_conditional) {
  return with_conditional ? ParseConditional() : ParseOr();
}

Result<ExprPtr> ExpressionParser::ParseConditional() {
  const Nesting nesting(&depth_);
  if (nesting.too_deep()) return TooDeep(tokens_.Current().line);
  PELLUCID_ASSIGN_OR_RETURN(ExprPtr value, ParseOr());
  while (tokens_.TakeName("if")) {
    ExprPtr node = New(ExprKind::kConditional);
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr condition, ParseOr());
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(condition)));
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(value)));
    ExprPtr otherwise;
    if (tokens_.TakeName("else")) {
      PELLUCID_ASSIGN_OR_RETURN(otherwise, ParseConditional());
    }
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(otherwise)));
    value = std::move(node);
  }
  return value;
}

Result<ExprPtr> ExpressionParser::ParseOr() {
  PELLUCID_ASSIGN_OR_RETURN(ExprPtr left, ParseAnd());
  while (tokens_.TakeName("or")) {
    ExprPtr node = New(ExprKind::kOr);
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(left)));
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr right, ParseAnd());
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(right)));
    left = std::move(node);
  }
  return left;
}

Result<ExprPtr> ExpressionParser::ParseAnd() {
  PELLUCID_ASSIGN_OR_RETURN(ExprPtr left, ParseNot());
  while (tokens_.TakeName("and")) {
    ExprPtr node = New(ExprKind::kAnd);
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(left)));
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr right, ParseNot());
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(right)));
    left = std::move(node);
  }
  return left;
}

Result<ExprPtr> ExpressionParser::ParseNot() {
  if (!tokens_.Current().IsName("not")) return ParseCompare();
  const Nesting nesting(&depth_);
  if (nesting.too_deep()) return TooDeep(tokens_.Current().line);
  ExprPtr node = New(ExprKind::kNot);
  tokens_.Next();
  PELLUCID_ASSIGN_OR_RETURN(ExprPtr value, ParseNot());
  PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(value)));
  return node;
}

Result<ExprPtr> ExpressionParser::ParseCompare() {
  PELLUCID_ASSIGN_OR_RETURN(ExprPtr first, ParseSum());
  ExprPtr node = New(ExprKind::kCompare);
  while (true) {
    std::optional<Compare> compare = CompareOf(tokens_.Current());
    if (tokens_.Current().IsName("in")) compare = Compare::kIn;
    if (tokens_.Current().IsName("not") && tokens_.Following().IsName("in")) {
      compare = Compare::kNotIn;
      tokens_.Next();
    }
    if (!compare) break;
    tokens_.Next();
    if (node->children.empty()) {
      PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(first)));
    }
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr next, ParseSum());
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(next)));
    node->compares.push_back(*compare);
  }
  return node->children.empty() ? std::move(first) : std::move(node);
}

Result<ExprPtr> ExpressionParser::ParseSum() {
  PELLUCID_ASSIGN_OR_RETURN(ExprPtr left, ParseConcat());
  while (tokens_.Current().IsOperator("+") ||
         tokens_.Current().IsOperator("-")) {
    ExprPtr node = New(ExprKind::kCompute);
    node->op = tokens_.Current().text == "+" ? Op::kAdd : Op::kSubtract;
    tokens_.Next();
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(left)));
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr right, ParseConcat());
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(right)));
    left = std::move(node);
  }
  return left;
}

Result<ExprPtr> ExpressionParser::ParseConcat() {
  PELLUCID_ASSIGN_OR_RETURN(ExprPtr first, ParseProduct());
  if (!tokens_.Current().IsOperator("~")) return first;
  ExprPtr node = New(ExprKind::kConcat);
  PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(first)));
  while (tokens_.TakeOperator("~")) {
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr next, ParseProduct());
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(next)));
  }
  return node;
}

Result<ExprPtr> ExpressionParser::ParseProduct() {
  PELLUCID_ASSIGN_OR_RETURN(ExprPtr left, ParsePower());
  while (true) {
    const Token& sign = tokens_.Current();
    Op op = Op::kMultiply;
    if (sign.IsOperator("/")) {
      op = Op::kDivide;
    } else if (sign.IsOperator("//")) {
      op = Op::kFloorDivide;
    } else if (sign.IsOperator("%")) {
      op = Op::kModulo;
    } else if (!sign.IsOperator("*")) {
      return left;
    }
    ExprPtr node = New(ExprKind::kCompute);
    node->op = op;
    tokens_.Next();
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(left)));
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr right, ParsePower());
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(right)));
    left = std::move(node);
  }
}

Result<ExprPtr> ExpressionParser::ParsePower() {
  PELLUCID_ASSIGN_OR_RETURN(ExprPtr left, ParseUnary());
  while (tokens_.TakeOperator("**")) {
    ExprPtr node = New(ExprKind::kCompute);
    node->op = Op::kPower;
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(left)));
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr right, ParseUnary());
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(right)));
    left = std::move(node);
  }
  return left;
}

Result<ExprPtr> ExpressionParser::ParseUnary(bool with_filters) {
  const Nesting nesting(&depth_);
  if (nesting.too_deep()) return TooDeep(tokens_.Current().line);
  ExprPtr node;
  const bool minus = tokens_.Current().IsOperator("-");
  if (minus || tokens_.Current().IsOperator("+")) {
    node = New(minus ? ExprKind::kNegate : ExprKind::kAffirm);
    tokens_.Next();
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr value,
                              ParseUnary(/*with_filters=*/false));
    PELLUCID_RETURN_IF_ERROR(Adopt(*node, std::move(value)));
  } else {
    PELLUCID_ASSIGN_OR_RETURN(node, ParsePrimary());
  }
  PELLUCID_ASSIGN_OR_RETURN(node, ParsePostfix(std::move(node)));
  if (!with_filters) return node;
  return ParseFiltersAndTests(std::move(node));
}

Result<ExprPtr> ExpressionParser::ParsePrimary() {
  const Token& token = tokens_.Current();
  ExprPtr node = New(ExprKind::kConstant);
  switch (token.kind) {
    case TokenKind::kName:
      if (token.text == "true" || token.text == "True") {
        node->constant = Value(true);
      } else if (token.text == "false" || token.text == "False") {
        node->constant = Value(false);
      } else if (token.text != "none" && token.text != "None") {
        node->kind = ExprKind::kName;
        node->name = names_.NumberOf(token.text);
      }
      tokens_.Next();
      return node;
    case TokenKind::kInteger:
      node->constant = Value(token.integer);
      tokens_.Next();
      return node;
    case TokenKind::kFloat:
      node->constant = Value(token.number);
      tokens_.Next();
      return node;
    case TokenKind::kText: {
      std::string text;  // literals beside each other are one
      while (tokens_.Current().kind == TokenKind::kText) {
        text += tokens_.Current().text;
        tokens_.Next();
      }
      node->constant = heap_.Make(text);
      return node;
    }
    default:
      break;
  }
  if (token.IsOperator("[")) return ParseList();
  if (token.IsOperator("{")) return ParseDict();
  if (!tokens_.TakeOperator("(")) {
    return tokens_.Unexpected("an expression is expected");
  }
  PELLUCID_ASSIGN_OR_RETURN(
      node, ParseTuple(/*with_conditional=*/true, /*in_parentheses=*/true));
  PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator(")"));
  return node;
}

bool ExpressionParser::AtTupleEnd() const {
  const Token& token = tokens_.Current();
  return token.kind == TokenKind::kVariableEnd ||
         token.kind == TokenKind::kBlockEnd || token.IsOperator(")") ||
         token.IsName("in") || token.IsName("recursive");
}

Result<ExprPtr> ExpressionParser::ParseTuple(bool with_conditional,
                                             bool in_parentheses) {
  ExprPtr tuple = New(ExprKind::kTuple);
  bool has_comma = false;
  while (!AtTupleEnd()) {
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr item, ParseExpression(with_conditional));
    PELLUCID_RETURN_IF_ERROR(Adopt(*tuple, std::move(item)));
    if (!tokens_.TakeOperator(",")) break;
    has_comma = true;
  }
  if (has_comma) return tuple;
  if (!tuple->children.empty()) return std::move(tuple->children.front());
  if (!in_parentheses) return tokens_.Unexpected("an expression is expected");
  return tuple;
}

Result<ExprPtr> ExpressionParser::ParseList() {
  ExprPtr list = New(ExprKind::kList);
  tokens_.Next();
  while (!tokens_.Current().IsOperator("]")) {
    if (!list->children.empty()) {
      PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      if (tokens_.Current().IsOperator("]")) break;
    }
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr item, ParseConditional());
    PELLUCID_RETURN_IF_ERROR(Adopt(*list, std::move(item)));
  }
  tokens_.Next();
  return list;
}

Result<ExprPtr> ExpressionParser::ParseDict() {
  ExprPtr dict = New(ExprKind::kDict);
  tokens_.Next();
  while (!tokens_.Current().IsOperator("}")) {
    if (!dict->children.empty()) {
      PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator(","));
      if (tokens_.Current().IsOperator("}")) break;
    }
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr key, ParseConditional());
    PELLUCID_RETURN_IF_ERROR(Adopt(*dict, std::move(key)));
    PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator(":"));
    PELLUCID_ASSIGN_OR_RETURN(ExprPtr value, ParseConditional());
    PELLUCID_RETURN_IF_ERROR(Adopt(*dict, std::move(value)));
  }
  tokens_.Next();
  return dict;
}

Result<Target> ExpressionParser::ParseTarget(bool with_attribute,
                                             bool one_name_each) {
  const Nesting nesting(&depth_);
  if (nesting.too_deep()) return TooDeep(tokens_.Current().line);
  Target tuple;
  bool has_comma = false;
  while (true) {
    Target target;
    if (tokens_.TakeOperator("(")) {
      PELLUCID_ASSIGN_OR_RETURN(target, ParseTarget(with_attribute));
      PELLUCID_RETURN_IF_ERROR(tokens_.ExpectOperator(")"));
    } else {
      const int line = tokens_.Current().line;
      PELLUCID_ASSIGN_OR_RETURN(const std::string name,
                                tokens_.ExpectAnyName());
      for (const std::string_view word :
           {"true", "false", "none", "True", "False", "None"}) {
        if (name == word) {
          return SyntaxError(line, fmt::format("cannot assign to {}", name));
        }
      }
      target.name = names_.NumberOf(name);
      if (with_attribute && tokens_.TakeOperator(".")) {
        PELLUCID_ASSIGN_OR_RETURN(target.attribute, tokens_.ExpectAnyName());
      }
    }
    if (one_name_each) return target;
    tuple.nested.push_back(std::move(target));
    if (!tokens_.TakeOperator(",")) break;
    has_comma = true;
    if (AtTupleEnd() || tokens_.Current().IsOperator("=")) break;
  }
  if (!has_comma) return std::move(tuple.nested.front());
  return tuple;
}

}  // namespace pellucid::jinja
