#include "tokenizer/jinja/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tokenizer/jinja/compare.h"

namespace pellucid::jinja {

bool Value::SameAs(const Value& other) const {
  if (kind_ != other.kind_) return false;
  switch (kind_) {
    case Kind::kNone:
      return true;
    case Kind::kBool:
    case Kind::kInt:
      return integer_ == other.integer_;
    case Kind::kFloat:
      return number_ == other.number_;
    case Kind::kText:
      return text_ == other.text_ || text_->bytes == other.text_->bytes;
    case Kind::kUndefined:
      return undefined_ == other.undefined_;
    case Kind::kList:
      return list_ == other.list_;
    case Kind::kDict:
      return dict_ == other.dict_;
    case Kind::kNamespace:
      return space_ == other.space_;
    case Kind::kLoop:
      return loop_ == other.loop_;
    case Kind::kCallable:
      return callable_ == other.callable_;
  }
  return false;
}

std::optional<std::size_t> Dict::IndexOf(const Value& key) const {
  if (key.Is(Kind::kText)) {
    const auto found = texts_.find(key.view());
    if (found == texts_.end()) return std::nullopt;
    return found->second;
  }
  for (const std::size_t i : others_) {
    if (EqualKeys(items[i].first, key)) return i;
  }
  return std::nullopt;
}

const Value* Dict::Find(const Value& key) const {
  const auto index = IndexOf(key);
  return index ? &items[*index].second : nullptr;
}

const Value* Dict::Find(std::string_view key) const {
  const auto found = texts_.find(key);
  return found == texts_.end() ? nullptr : &items[found->second].second;
}

void Dict::Set(const Value& key, const Value& value) {
  if (const auto index = IndexOf(key)) {
    items[*index].second = value;
    return;
  }
  if (key.Is(Kind::kText)) {
    texts_.emplace(key.view(), items.size());
  } else {
    others_.push_back(items.size());
  }
  items.emplace_back(key, value);
}

const Value* Namespace::Find(std::string_view name) const {
  for (const auto& [key, value] : items) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Namespace::Set(std::string_view name, const Value& value) {
  for (auto& [key, old] : items) {
    if (key != name) continue;
    old = value;
    return;
  }
  items.emplace_back(name, value);
}

const Value* Scope::Find(int name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent) {
    for (const auto& [key, value] : scope->names) {
      if (key == name) return &value;
    }
  }
  return nullptr;
}

void Scope::Set(int name, const Value& value) {
  for (auto& [key, old] : names) {
    if (key != name) continue;
    old = value;
    return;
  }
  names.emplace_back(name, value);
}

Status Heap::Check() const {
  if (work_ < limit_) return {};
  return TemplateError(fmt::format("takes more than {} units of work", limit_));
}

Status Heap::Ask(std::size_t work) {
  // Kept below the limit's double, so that nothing can wrap.
  work_ += std::min(work, limit_);
  return Check();
}

Value Heap::Make(Text text) {
  Spend(kNodeWork * (1 + text.marks.size()) + text.size());
  return Value(&texts_.emplace_back(std::move(text)));
}

Value Heap::Make(std::vector<Value> items, ListKind kind) {
  Spend(kNodeWork * (1 + items.size()));
  return Value(&lists_.emplace_back(List{kind, std::move(items)}));
}

Value Heap::Make(Dict dict) {
  Spend(kNodeWork * 4 * (1 + dict.items.size()));
  return Value(&std::as_const(dicts_.emplace_back(std::move(dict))));
}

Value Heap::MakeUndefined(std::string why) {
  Spend(kNodeWork + why.size());
  return Value(
      &std::as_const(undefined_.emplace_back(Undefined{std::move(why)})));
}

Value Heap::MakeNamespace(Namespace space) {
  Spend(kNodeWork * (1 + space.items.size()));
  return Value(&spaces_.emplace_back(std::move(space)));
}

Value Heap::MakeCallable(const Callable& callable) {
  Spend(kNodeWork);
  return Value(&std::as_const(callables_.emplace_back(callable)));
}

Scope* Heap::MakeScope(Scope* parent) {
  Spend(kNodeWork);
  return &scopes_.emplace_back(Scope{parent, {}});
}

Loop* Heap::MakeLoop() {
  Spend(kNodeWork);
  return &loops_.emplace_back();
}

std::string_view TypeName(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kText:
      return "str";
    case Kind::kDict:
      return "dict";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kCallable:
      return "function";
    case Kind::kList:
      break;
  }
  switch (value.list().kind) {
    case ListKind::kTuple:
      return "tuple";
    case ListKind::kRange:
      return "range";
    case ListKind::kView:
      return "dict view";
    case ListKind::kGenerator:
      return "generator";
    case ListKind::kList:
      break;
  }
  return "list";
}

Error TemplateError(std::string what) { return ModelError(std::move(what)); }

Error UndefinedError(const Value& value) {
  return TemplateError(value.undefined().why);
}

bool IsTrue(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.number() != 0;
    case Kind::kText:
      return value.text().size() > 0;
    case Kind::kList:
      return value.list().kind == ListKind::kGenerator ||
             !value.list().items.empty();
    case Kind::kDict:
      return !value.dict().items.empty();
    case Kind::kLoop:
      return !value.loop().items.empty();
    case Kind::kNamespace:
    case Kind::kCallable:
      break;
  }
  return true;
}

Result<std::vector<Value>> Iterate(const Value& value, Heap& heap) {
  std::vector<Value> items;
  switch (value.kind()) {
    case Kind::kUndefined:
      return items;
    case Kind::kText: {
      const std::vector<std::size_t> offsets = CharOffsets(value.view());
      PELLUCID_RETURN_IF_ERROR(heap.Ask(2 * kNodeWork * offsets.size()));
      for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
        items.push_back(
            heap.Make(value.text().Slice(offsets[i], offsets[i + 1])));
      }
      return items;
    }
    case Kind::kList:
      heap.Spend(kNodeWork * value.list().items.size());
      PELLUCID_RETURN_IF_ERROR(heap.Check());
      if (value.list().kind == ListKind::kGenerator) {
        return std::exchange(value.list().items, {});
      }
      return value.list().items;
    case Kind::kDict:
      heap.Spend(kNodeWork * value.dict().items.size());
      PELLUCID_RETURN_IF_ERROR(heap.Check());
      for (const auto& entry : value.dict().items) items.push_back(entry.first);
      return items;
    default:
      return TemplateError(
          fmt::format("'{}' object is not iterable", TypeName(value)));
  }
}

Result<std::int64_t> LengthOf(const Value& value, Heap& heap) {
  const auto of = [](std::size_t size) {
    return static_cast<std::int64_t>(size);
  };
  switch (value.kind()) {
    case Kind::kUndefined:
      return std::int64_t{0};
    case Kind::kText:
      heap.Spend(value.text().size());
      return of(CountChars(value.view()));
    case Kind::kDict:
      return of(value.dict().items.size());
    case Kind::kLoop:
      return of(value.loop().items.size());
    case Kind::kList:
      if (value.list().kind != ListKind::kGenerator) {
        return of(value.list().items.size());
      }
      break;
    default:
      break;
  }
  return TemplateError(
      fmt::format("object of type '{}' has no len()", TypeName(value)));
}

}  // namespace pellucid::jinja
