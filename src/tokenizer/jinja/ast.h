// A template as the parser read it: expressions and statements. Kinds that
// differ by little share a struct, so that one function walks them all.
#ifndef PELLUCID_TOKENIZER_JINJA_AST_H_
#define PELLUCID_TOKENIZER_JINJA_AST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/jinja/arithmetic.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class ExprKind : std::uint8_t {
  kConstant,     // constant
  kName,         // name
  kList,         // children
  kTuple,        // children
  kDict,         // children: key, value, key, value...
  kAttribute,    // children[0] . text
  kItem,         // children[0] [ children[1] ]
  kSlice,        // children[0] [ [1] : [2] : [3] ], null where left out
  kCall,         // children[0] ( arguments )
  kFilter,       // children[0] | text ( arguments ); null in a filter block
  kTest,         // children[0] is text ( arguments )
  kCompute,      // children[0] op children[1]
  kNegate,       // - children[0]
  kAffirm,       // + children[0]
  kNot,          // not children[0]
  kAnd,          // children[0] and children[1]
  kOr,           // children[0] or children[1]
  kConcat,       // children[0] ~ children[1] ~ ...
  kCompare,      // children[0] compares[0] children[1] compares[1] ...
  kConditional,  // children[1] if children[0] else children[2], which is null
                 // where left out
};

enum class Compare : std::uint8_t {
  kEqual,
  kUnequal,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIn,
  kNotIn,
};

struct Expr {
  ExprKind kind = ExprKind::kConstant;
  int line = 0;
  std::size_t depth = 1;  // of the deepest child, and one more
  int name = -1;          // of a variable
  Op op = Op::kAdd;
  Value constant;
  std::string text;
  std::vector<ExprPtr> children;
  std::vector<Compare> compares;
  // Arguments of kCall, kFilter and kTest: positional, named, *these, **these.
  std::vector<ExprPtr> arguments;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr more, more_named;
};

// What `set` and `for` assign to: a name, an attribute of a namespace, or a
// tuple of targets.
struct Target {
  int name = -1;
  std::string attribute;       // not empty: of the namespace `name`
  std::vector<Target> nested;  // not empty: a tuple
};

struct Statement;
using Body = std::vector<Statement>;

// A macro, or the body of a call block.
struct MacroNode {
  std::string name;
  std::vector<int> parameters;
  std::vector<std::string> parameter_names;
  std::vector<ExprPtr> defaults;  // of the last parameters
  bool uses_varargs = false, uses_kwargs = false, uses_caller = false;
  Body body;
};

enum class StatementKind : std::uint8_t {
  kData,         // text
  kOutput,       // expr
  kSet,          // target = expr
  kSetBlock,     // target = body, through the filters of expr if there are any
  kIf,           // exprs[i]: bodies[i], else bodies.back() if it has no expr
  kFor,          // target in expr if condition: bodies[0], else bodies[1]
  kBreak,        //
  kContinue,     //
  kMacro,        // macro
  kCallBlock,    // expr with macro as `caller`
  kFilterBlock,  // expr applied to bodies[0]
  kWith,         // targets[i] = exprs[i]: bodies[0]
  kScope,        // bodies[0] in a scope of its own: a generation tag
};

struct Statement {
  StatementKind kind = StatementKind::kData;
  int line = 0;
  std::string text;
  ExprPtr expr, condition;
  std::vector<ExprPtr> exprs;
  std::vector<Target> targets;
  std::vector<Body> bodies;
  std::unique_ptr<MacroNode> macro;
};

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_AST_H_
