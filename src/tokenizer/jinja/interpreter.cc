#include "tokenizer/jinja/interpreter.h"

#include <fmt/format.h>

#include <utility>

#include "tokenizer/jinja/show.h"

namespace pellucid::jinja {

Status Descent::Check() const {
  if (*depth_ <= kMaxDepth) return {};
  return TemplateError(fmt::format(
      "blocks, calls and expressions are nested more than {} deep", kMaxDepth));
}

Interpreter::Interpreter(const Names& names, const std::tm& now, Heap& heap)
    : names_(names),
      now_(now),
      heap_(heap),
      loop_(names.Find("loop")),
      varargs_(names.Find("varargs")),
      kwargs_(names.Find("kwargs")),
      caller_(names.Find("caller")) {}

Result<Rendering> Interpreter::Run(const Body& body, Scope* variables) {
  captures_ = {&rendering_.text};
  PELLUCID_ASSIGN_OR_RETURN([[maybe_unused]] const Flow flow,
                            RunBody(body, variables));
  return std::move(rendering_);
}

Result<Interpreter::Flow> Interpreter::RunBody(const Body& body, Scope* scope) {
  const Descent descent(&depth_);
  PELLUCID_RETURN_IF_ERROR(descent.Check());
  for (const Statement& node : body) {
    Result<Flow> flow = RunStatement(node, scope);
    if (!flow.ok()) {
      const Error& error = flow.error();
      if (located_ || error.code != ErrorCode::kModel) return error;
      located_ = true;
      return TemplateError(
          fmt::format("line {}: {}", node.line, error.message));
    }
    if (*flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::RunStatement(const Statement& node,
                                                    Scope* scope) {
  heap_.Spend(kNodeWork);
  PELLUCID_RETURN_IF_ERROR(heap_.Check());
  switch (node.kind) {
    case StatementKind::kData:
      PELLUCID_RETURN_IF_ERROR(Write(Text(node.text)));
      break;
    case StatementKind::kOutput: {
      PELLUCID_ASSIGN_OR_RETURN(const Value value, Evaluate(*node.expr, scope));
      PELLUCID_RETURN_IF_ERROR(WriteValue(value));
      break;
    }
    case StatementKind::kSet: {
      PELLUCID_ASSIGN_OR_RETURN(const Value value, Evaluate(*node.expr, scope));
      PELLUCID_RETURN_IF_ERROR(Assign(node.targets[0], value, scope));
      break;
    }
    case StatementKind::kSetBlock:
    case StatementKind::kFilterBlock: {
      PELLUCID_ASSIGN_OR_RETURN(Text text, Capture(node.bodies[0], scope));
      Value value = heap_.Make(std::move(text));
      if (node.expr != nullptr) {
        const Value input = value;
        filter_input_ = &input;
        PELLUCID_ASSIGN_OR_RETURN(value, Evaluate(*node.expr, scope));
      }
      if (node.kind == StatementKind::kSetBlock) {
        PELLUCID_RETURN_IF_ERROR(Assign(node.targets[0], value, scope));
        break;
      }
      if (!value.Is(Kind::kText)) {
        return TemplateError("a filter block gives what is no text");
      }
      PELLUCID_RETURN_IF_ERROR(Write(value.text()));
      break;
    }
    case StatementKind::kIf:
      return RunIf(node, scope);
    case StatementKind::kFor:
      return RunFor(node, scope);
    case StatementKind::kBreak:
      return Flow::kBreak;
    case StatementKind::kContinue:
      return Flow::kContinue;
    case StatementKind::kMacro:
      scope->Set(node.targets[0].name,
                 heap_.MakeCallable({.kind = Callable::Kind::kMacro,
                                     .name = node.macro->name,
                                     .self = Value(),
                                     .macro = node.macro.get(),
                                     .scope = scope}));
      break;
    case StatementKind::kCallBlock:
      PELLUCID_RETURN_IF_ERROR(RunCallBlock(node, scope));
      break;
    case StatementKind::kWith:
      PELLUCID_RETURN_IF_ERROR(RunWith(node, scope));
      break;
    case StatementKind::kScope:
      return RunBody(node.bodies[0], heap_.MakeScope(scope));
  }
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::RunIf(const Statement& node,
                                             Scope* scope) {
  for (std::size_t i = 0; i < node.exprs.size(); ++i) {
    PELLUCID_ASSIGN_OR_RETURN(const Value condition,
                              Evaluate(*node.exprs[i], scope));
    if (IsTrue(condition)) return RunBody(node.bodies[i], scope);
  }
  if (node.bodies.size() == node.exprs.size()) return Flow::kNext;
  return RunBody(node.bodies.back(), scope);
}

// What the loop runs over: those elements that the condition holds for.
Result<std::vector<Value>> Interpreter::LoopItems(const Statement& node,
                                                  Scope* scope) {
  PELLUCID_ASSIGN_OR_RETURN(const Value iterable, Evaluate(*node.expr, scope));
  PELLUCID_ASSIGN_OR_RETURN(std::vector<Value> items, Iterate(iterable, heap_));
  if (node.condition == nullptr) return items;
  std::vector<Value> kept;
  for (const Value& item : items) {
    Scope* round = heap_.MakeScope(scope);
    PELLUCID_RETURN_IF_ERROR(Assign(node.targets[0], item, round));
    PELLUCID_ASSIGN_OR_RETURN(const Value holds,
                              Evaluate(*node.condition, round));
    if (IsTrue(holds)) kept.push_back(item);
  }
  return kept;
}

Status Interpreter::RunRound(const Statement& node, Loop* loop, Scope* scope,
                             Flow* flow) {
  const Value& item = loop->items[loop->index];
  Scope* round = heap_.MakeScope(scope);
  PELLUCID_RETURN_IF_ERROR(Assign(node.targets[0], item, round));
  if (loop_ >= 0) round->Set(loop_, Value(loop));
  const bool outermost = captures_.size() == 1;
  const std::size_t begin = captures_.back()->size();
  PELLUCID_ASSIGN_OR_RETURN(*flow, RunBody(node.bodies[0], round));
  if (!outermost) return {};
  Round written{begin, captures_.back()->size()};
  if (item.Is(Kind::kDict)) written.origin = item.dict().origin;
  if (written.end > written.begin) rendering_.rounds.push_back(written);
  return {};
}

Result<Interpreter::Flow> Interpreter::RunFor(const Statement& node,
                                              Scope* scope) {
  PELLUCID_ASSIGN_OR_RETURN(std::vector<Value> items, LoopItems(node, scope));
  if (items.empty()) {
    if (node.bodies.size() == 1) return Flow::kNext;
    return RunBody(node.bodies[1], heap_.MakeScope(scope));
  }
  Loop* loop = heap_.MakeLoop();
  // The heap keeps them: a template may hold on to `loop`.
  loop->items = heap_.Make(std::move(items)).list().items;
  loop->depth = 0;
  Status status;
  for (; loop->index < loop->items.size(); ++loop->index) {
    Flow flow = Flow::kNext;
    status = RunRound(node, loop, scope, &flow);
    if (!status.ok()) return status.error();
    if (flow == Flow::kBreak) break;
  }
  if (loop->index == loop->items.size()) --loop->index;  // the last one's
  return Flow::kNext;
}

Status Interpreter::RunWith(const Statement& node, Scope* scope) {
  Scope* inner = heap_.MakeScope(scope);
  for (std::size_t i = 0; i < node.targets.size(); ++i) {
    PELLUCID_ASSIGN_OR_RETURN(const Value value,
                              Evaluate(*node.exprs[i], scope));
    PELLUCID_RETURN_IF_ERROR(Assign(node.targets[i], value, inner));
  }
  PELLUCID_ASSIGN_OR_RETURN([[maybe_unused]] const Flow flow,
                            RunBody(node.bodies[0], inner));
  return {};
}

Status Interpreter::RunCallBlock(const Statement& node, Scope* scope) {
  const Value caller = heap_.MakeCallable({.kind = Callable::Kind::kMacro,
                                           .name = node.macro->name,
                                           .self = Value(),
                                           .macro = node.macro.get(),
                                           .scope = scope});
  PELLUCID_ASSIGN_OR_RETURN(const Value value,
                            EvaluateCall(*node.expr, scope, &caller));
  return WriteValue(value);
}

Result<Text> Interpreter::Capture(const Body& body, Scope* scope) {
  Text text;
  captures_.push_back(&text);
  const Result<Flow> flow = RunBody(body, heap_.MakeScope(scope));
  captures_.pop_back();
  if (!flow.ok()) return flow.error();
  return text;
}

Status Interpreter::Write(const Text& text) {
  if (text.size() == 0) return {};
  Text& to = *captures_.back();
  if (captures_.size() == 1) rendering_.pieces.push_back(to.size());
  to.Append(text);
  heap_.Spend(text.size());
  if (to.size() <= kMaxOutput) return {};
  return TemplateError(fmt::format("writes more than {} bytes", kMaxOutput));
}

Status Interpreter::WriteValue(const Value& value) {
  if (value.Is(Kind::kText)) return Write(value.text());
  PELLUCID_ASSIGN_OR_RETURN(const Text text, StrOf(value, heap_));
  return Write(text);
}

Status Interpreter::Assign(const Target& target, const Value& value,
                           Scope* scope) {
  if (target.nested.empty()) {
    if (target.attribute.empty()) {
      heap_.Spend(scope->names.size());
      scope->Set(target.name, value);
      return {};
    }
    const Value* space = scope->Find(target.name);
    if (space == nullptr || !space->Is(Kind::kNamespace)) {
      return TemplateError(
          fmt::format("'{}' is no namespace, whose attribute could be set",
                      names_.NameOf(target.name)));
    }
    if (target.attribute.starts_with('_')) {
      return TemplateError(
          "an attribute of a namespace begins with an "
          "underscore");
    }
    heap_.Spend(space->space().items.size());
    space->space().Set(target.attribute, value);
    return {};
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(value, heap_));
  if (items.size() != target.nested.size()) {
    return TemplateError(fmt::format("{} values cannot be assigned to {} names",
                                     items.size(), target.nested.size()));
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    PELLUCID_RETURN_IF_ERROR(Assign(target.nested[i], items[i], scope));
  }
  return {};
}

}  // namespace pellucid::jinja
