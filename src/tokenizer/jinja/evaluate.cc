// The expressions of Interpreter (tokenizer/jinja/interpreter.h).
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/quote.h"
#include "tokenizer/jinja/attributes.h"
#include "tokenizer/jinja/compare.h"
#include "tokenizer/jinja/filters.h"
#include "tokenizer/jinja/functions.h"
#include "tokenizer/jinja/interpreter.h"
#include "tokenizer/jinja/methods.h"
#include "tokenizer/jinja/predicates.h"
#include "tokenizer/jinja/show.h"

namespace pellucid::jinja {

Result<Value> Interpreter::Evaluate(const Expr& node, Scope* scope) {
  heap_.Spend(kNodeWork);
  PELLUCID_RETURN_IF_ERROR(heap_.Check());
  const Descent descent(&depth_);
  PELLUCID_RETURN_IF_ERROR(descent.Check());
  return EvaluateKind(node, scope);
}

Result<Value> Interpreter::EvaluateKind(const Expr& node, Scope* scope) {
  switch (node.kind) {
    case ExprKind::kConstant:
      return node.constant;
    case ExprKind::kName:
      return EvaluateName(node, scope);
    case ExprKind::kList:
    case ExprKind::kTuple:
      return EvaluateItems(node, scope);
    case ExprKind::kDict:
      return EvaluateDict(node, scope);
    case ExprKind::kSlice:
      return EvaluateSlice(node, scope);
    case ExprKind::kCall:
      return EvaluateCall(node, scope, nullptr);
    case ExprKind::kFilter:
      return EvaluateFilter(node, scope);
    case ExprKind::kConcat:
      return EvaluateConcat(node, scope);
    case ExprKind::kCompare:
      return EvaluateCompare(node, scope);
    case ExprKind::kConditional:
      return EvaluateConditional(node, scope);
    default:
      break;
  }
  // The others begin with their first operand.
  PELLUCID_ASSIGN_OR_RETURN(const Value first, EvaluateChild(node, 0, scope));
  switch (node.kind) {
    case ExprKind::kAttribute:
      return GetAttribute(first, node.text, heap_);
    case ExprKind::kNegate:
      return Negate(first);
    case ExprKind::kAffirm:
      return Affirm(first);
    case ExprKind::kNot:
      return Value(!IsTrue(first));
    case ExprKind::kAnd:
      return IsTrue(first) ? EvaluateChild(node, 1, scope) : first;
    case ExprKind::kOr:
      return IsTrue(first) ? first : EvaluateChild(node, 1, scope);
    case ExprKind::kTest: {
      PELLUCID_ASSIGN_OR_RETURN(const Arguments arguments,
                                EvaluateArguments(node, scope));
      PELLUCID_ASSIGN_OR_RETURN(const bool holds,
                                ApplyTest(node.text, first, arguments, heap_));
      return Value(holds);
    }
    default:
      break;
  }
  PELLUCID_ASSIGN_OR_RETURN(const Value second, EvaluateChild(node, 1, scope));
  if (node.kind == ExprKind::kItem) return GetItem(first, second, heap_);
  return Compute(node.op, first, second, heap_);
}

Result<Value> Interpreter::EvaluateName(const Expr& node, Scope* scope) {
  const Value* value = scope->Find(node.name);
  if (value != nullptr) return *value;
  const std::string& name = names_.NameOf(node.name);
  const auto* function =
      std::find(std::begin(kFunctions), std::end(kFunctions), name);
  if (function != std::end(kFunctions)) {
    return heap_.MakeCallable({.kind = Callable::Kind::kFunction,
                               .name = *function,
                               .self = Value()});
  }
  return heap_.MakeUndefined(fmt::format("'{}' is undefined", Quote(name)));
}

Result<Value> Interpreter::EvaluateItems(const Expr& node, Scope* scope) {
  std::vector<Value> items;
  items.reserve(node.children.size());
  for (const ExprPtr& child : node.children) {
    PELLUCID_ASSIGN_OR_RETURN(items.emplace_back(), Evaluate(*child, scope));
  }
  return heap_.Make(std::move(items), node.kind == ExprKind::kTuple
                                          ? ListKind::kTuple
                                          : ListKind::kList);
}

Result<Value> Interpreter::EvaluateDict(const Expr& node, Scope* scope) {
  Dict dict;
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    PELLUCID_ASSIGN_OR_RETURN(const Value key, EvaluateChild(node, i, scope));
    PELLUCID_ASSIGN_OR_RETURN(const Value value,
                              EvaluateChild(node, i + 1, scope));
    PELLUCID_RETURN_IF_ERROR(CheckKey(key));
    dict.Set(key, value);
  }
  return heap_.Make(std::move(dict));
}

Result<Value> Interpreter::EvaluateSlice(const Expr& node, Scope* scope) {
  PELLUCID_ASSIGN_OR_RETURN(const Value object, EvaluateChild(node, 0, scope));
  Value values[3];
  const Value* parts[3] = {};
  for (std::size_t i = 0; i < 3; ++i) {
    if (node.children[i + 1] == nullptr) continue;
    PELLUCID_ASSIGN_OR_RETURN(values[i], EvaluateChild(node, i + 1, scope));
    parts[i] = &values[i];
  }
  return GetSlice(object, parts[0], parts[1], parts[2], heap_);
}

Result<Value> Interpreter::EvaluateFilter(const Expr& node, Scope* scope) {
  Value input;
  if (node.children[0] == nullptr) {
    input = *filter_input_;
  } else {
    PELLUCID_ASSIGN_OR_RETURN(input, EvaluateChild(node, 0, scope));
  }
  PELLUCID_ASSIGN_OR_RETURN(const Arguments arguments,
                            EvaluateArguments(node, scope));
  return ApplyFilter(node.text, input, arguments, heap_);
}

Result<Value> Interpreter::EvaluateConcat(const Expr& node, Scope* scope) {
  Text text;
  for (const ExprPtr& child : node.children) {
    PELLUCID_ASSIGN_OR_RETURN(const Value part, Evaluate(*child, scope));
    PELLUCID_RETURN_IF_ERROR(AppendStr(part, heap_, text));
  }
  return heap_.Make(std::move(text));
}

namespace {

Result<bool> Holds(Compare compare, const Value& a, const Value& b,
                   Heap& heap) {
  switch (compare) {
    case Compare::kIn:
      return Contains(b, a, heap);
    case Compare::kLess:
      return IsLess(a, b, heap);
    case Compare::kGreater:
      return IsLess(b, a, heap);
    default:
      break;
  }
  if (compare == Compare::kNotIn) {
    PELLUCID_ASSIGN_OR_RETURN(const bool contains, Contains(b, a, heap));
    return !contains;
  }
  PELLUCID_ASSIGN_OR_RETURN(const bool equal, AreEqual(a, b, heap));
  if (compare == Compare::kEqual) return equal;
  if (compare == Compare::kUnequal) return !equal;
  PELLUCID_ASSIGN_OR_RETURN(const bool less, compare == Compare::kLessOrEqual
                                                 ? IsLess(a, b, heap)
                                                 : IsLess(b, a, heap));
  return less || equal;
}

}  // namespace

Result<Value> Interpreter::EvaluateCompare(const Expr& node, Scope* scope) {
  PELLUCID_ASSIGN_OR_RETURN(Value left, EvaluateChild(node, 0, scope));
  for (std::size_t i = 0; i < node.compares.size(); ++i) {
    PELLUCID_ASSIGN_OR_RETURN(const Value right,
                              EvaluateChild(node, i + 1, scope));
    PELLUCID_ASSIGN_OR_RETURN(const bool holds,
                              Holds(node.compares[i], left, right, heap_));
    if (!holds) return Value(false);
    left = right;
  }
  return Value(true);
}

Result<Value> Interpreter::EvaluateConditional(const Expr& node, Scope* scope) {
  PELLUCID_ASSIGN_OR_RETURN(const Value condition,
                            EvaluateChild(node, 0, scope));
  if (IsTrue(condition)) return EvaluateChild(node, 1, scope);
  if (node.children[2] != nullptr) return EvaluateChild(node, 2, scope);
  return heap_.MakeUndefined(
      "the inline if-expression evaluated to false and no else section was "
      "defined");
}

Result<Arguments> Interpreter::EvaluateArguments(const Expr& node,
                                                 Scope* scope) {
  Arguments arguments;
  for (const ExprPtr& argument : node.arguments) {
    PELLUCID_ASSIGN_OR_RETURN(arguments.positional.emplace_back(),
                              Evaluate(*argument, scope));
  }
  for (const auto& [name, argument] : node.named) {
    PELLUCID_ASSIGN_OR_RETURN(const Value value, Evaluate(*argument, scope));
    arguments.named.emplace_back(name, value);
  }
  if (node.more != nullptr) {
    PELLUCID_ASSIGN_OR_RETURN(const Value more, Evaluate(*node.more, scope));
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                              Iterate(more, heap_));
    arguments.positional.insert(arguments.positional.end(), items.begin(),
                                items.end());
  }
  if (node.more_named == nullptr) return arguments;
  PELLUCID_ASSIGN_OR_RETURN(const Value more,
                            Evaluate(*node.more_named, scope));
  if (!more.Is(Kind::kDict)) {
    return TemplateError("an argument after ** must be a mapping");
  }
  for (const auto& [key, value] : more.dict().items) {
    if (!key.Is(Kind::kText)) {
      return TemplateError("keywords must be strings");
    }
    arguments.named.emplace_back(key.view(), value);
  }
  return arguments;
}

Result<Value> Interpreter::EvaluateCall(const Expr& node, Scope* scope,
                                        const Value* caller) {
  PELLUCID_ASSIGN_OR_RETURN(const Value callee, EvaluateChild(node, 0, scope));
  PELLUCID_ASSIGN_OR_RETURN(Arguments arguments,
                            EvaluateArguments(node, scope));
  if (caller != nullptr) arguments.named.emplace_back("caller", *caller);
  return Call(callee, arguments);
}

Result<Value> Interpreter::Call(const Value& callee,
                                const Arguments& arguments) {
  if (callee.Is(Kind::kUndefined)) return UndefinedError(callee);
  if (!callee.Is(Kind::kCallable)) {
    return TemplateError(
        fmt::format("'{}' object is not callable", TypeName(callee)));
  }
  const Callable& callable = callee.callable();
  switch (callable.kind) {
    case Callable::Kind::kMethod:
      return CallMethod(callable.self, callable.name, arguments, heap_);
    case Callable::Kind::kMacro:
      return CallMacro(callable, arguments);
    case Callable::Kind::kFunction:
      break;
  }
  return CallFunction(callable.name, arguments, now_, heap_);
}

Result<Value> Interpreter::CallMacro(const Callable& macro,
                                     const Arguments& arguments) {
  Scope* scope = heap_.MakeScope(macro.scope);
  PELLUCID_RETURN_IF_ERROR(BindParameters(*macro.macro, arguments, scope));
  PELLUCID_ASSIGN_OR_RETURN(Text text, Capture(macro.macro->body, scope));
  return heap_.Make(std::move(text));
}

Status Interpreter::BindParameters(const MacroNode& macro,
                                   const Arguments& arguments, Scope* scope) {
  const std::size_t count = macro.parameters.size();
  std::vector<std::optional<Value>> values(count);
  std::vector<Value> rest;
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    if (i < count) {
      values[i] = arguments.positional[i];
    } else {
      rest.push_back(arguments.positional[i]);
    }
  }
  Dict named_rest;
  std::optional<Value> caller;
  for (const auto& [name, value] : arguments.named) {
    const auto at = std::find(macro.parameter_names.begin(),
                              macro.parameter_names.end(), name);
    const auto i = static_cast<std::size_t>(at - macro.parameter_names.begin());
    if (at != macro.parameter_names.end() && !values[i]) {
      values[i] = value;
    } else if (name == "caller" && macro.uses_caller) {
      caller = value;
    } else if (macro.uses_kwargs) {
      named_rest.Set(heap_.Make(name), value);
    } else {
      return TemplateError(
          fmt::format("macro '{}' takes no keyword argument '{}'", macro.name,
                      Quote(name)));
    }
  }
  if (!rest.empty() && !macro.uses_varargs) {
    return TemplateError(fmt::format(
        "macro '{}' takes not more than {} argument(s)", macro.name, count));
  }
  // Before the defaults, which may use them.
  if (macro.uses_varargs) {
    scope->Set(varargs_, heap_.Make(std::move(rest), ListKind::kTuple));
  }
  if (macro.uses_kwargs) scope->Set(kwargs_, heap_.Make(named_rest));
  if (macro.uses_caller) {
    scope->Set(caller_,
               caller ? *caller : heap_.MakeUndefined("No caller defined"));
  }
  const std::size_t required = count - macro.defaults.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!values[i] && i >= required) {
      PELLUCID_ASSIGN_OR_RETURN(values[i],
                                Evaluate(*macro.defaults[i - required], scope));
    } else if (!values[i]) {
      values[i] = heap_.MakeUndefined(fmt::format(
          "parameter '{}' was not provided", macro.parameter_names[i]));
    }
    scope->Set(macro.parameters[i], *values[i]);
  }
  return {};
}

}  // namespace pellucid::jinja
