// Runs a template. Variables are looked up by where a block stands: each loop
// round, macro call, `with` and captured block has a scope of its own, an `if`
// has not, and a macro sees what its surroundings hold when it is called.
#ifndef PELLUCID_TOKENIZER_JINJA_INTERPRETER_H_
#define PELLUCID_TOKENIZER_JINJA_INTERPRETER_H_

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/jinja/arguments.h"
#include "tokenizer/jinja/ast.h"
#include "tokenizer/jinja/parser.h"
#include "tokenizer/jinja/text.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

// The bytes that one round of a loop wrote; of a loop over messages, `origin`
// is which.
struct Round {
  std::size_t begin = 0, end = 0;
  std::optional<std::uint32_t> origin = {};
};

struct Rendering {
  Text text;
  // What wrote straight into the text, in the order of their ends: rounds; and
  // where statements began to write.
  std::vector<Round> rounds;
  std::vector<std::size_t> pieces;
};

// One level of blocks and expressions that are at work.
class Descent {
 public:
  explicit Descent(std::size_t* depth) : depth_(depth) { ++*depth_; }
  ~Descent() { --*depth_; }
  Descent(const Descent&) = delete;
  Descent& operator=(const Descent&) = delete;
  Status Check() const;  // kModel: too deep

 private:
  std::size_t* depth_;
};

class Interpreter {
 public:
  // All outlive it.
  Interpreter(const Names& names, const std::tm& now, Heap& heap);

  // kModel, "line 3: ...": see the parts. kUsage: raise_exception.
  Result<Rendering> Run(const Body& body, Scope* variables);

 private:
  enum class Flow { kNext, kBreak, kContinue };

  Result<Flow> RunBody(const Body& body, Scope* scope);
  Result<Flow> RunStatement(const Statement& node, Scope* scope);
  Result<Flow> RunIf(const Statement& node, Scope* scope);
  Result<Flow> RunFor(const Statement& node, Scope* scope);
  Status RunRound(const Statement& node, Loop* loop, Scope* scope, Flow* flow);
  Status RunWith(const Statement& node, Scope* scope);
  Status RunCallBlock(const Statement& node, Scope* scope);
  Result<std::vector<Value>> LoopItems(const Statement& node, Scope* scope);
  // What `body` writes, in a scope below `scope`.
  Result<Text> Capture(const Body& body, Scope* scope);
  Status Write(const Text& text);
  Status WriteValue(const Value& value);
  Status Assign(const Target& target, const Value& value, Scope* scope);

  Result<Value> Evaluate(const Expr& node, Scope* scope);
  Result<Value> EvaluateKind(const Expr& node, Scope* scope);
  Result<Value> EvaluateChild(const Expr& node, std::size_t i, Scope* scope) {
    return Evaluate(*node.children[i], scope);
  }
  Result<Value> EvaluateName(const Expr& node, Scope* scope);
  Result<Value> EvaluateItems(const Expr& node, Scope* scope);
  Result<Value> EvaluateDict(const Expr& node, Scope* scope);
  Result<Value> EvaluateSlice(const Expr& node, Scope* scope);
  Result<Value> EvaluateFilter(const Expr& node, Scope* scope);
  Result<Value> EvaluateConcat(const Expr& node, Scope* scope);
  Result<Value> EvaluateCompare(const Expr& node, Scope* scope);
  Result<Value> EvaluateConditional(const Expr& node, Scope* scope);
  Result<Value> EvaluateCall(const Expr& node, Scope* scope,
                             const Value* caller);
  Result<Arguments> EvaluateArguments(const Expr& node, Scope* scope);
  Result<Value> Call(const Value& callee, const Arguments& arguments);
  Result<Value> CallMacro(const Callable& macro, const Arguments& arguments);
  Status BindParameters(const MacroNode& macro, const Arguments& arguments,
                        Scope* scope);

  const Names& names_;
  const std::tm& now_;
  Heap& heap_;
  Rendering rendering_;
  std::vector<Text*> captures_;  // what is written into, the innermost last
  const Value* filter_input_ = nullptr;  // of the filter block at work
  std::size_t depth_ = 0;
  bool located_ = false;  // the error that is passed up has its line
  int loop_, varargs_, kwargs_, caller_;  // names; -1: not in the template
};

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_INTERPRETER_H_
