#include "tokenizer/jinja/methods.h"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

#include "tokenizer/jinja/compare.h"

namespace pellucid::jinja {
namespace {

Error Unsupported(const Value& self, std::string_view name) {
  return TemplateError(
      fmt::format("the method {}.{} is not supported", TypeName(self), name));
}

Value PairOf(const Value& key, const Value& value, Heap& heap) {
  return heap.Make({key, value}, ListKind::kTuple);
}

Result<Value> CallDictMethod(const Value& self, std::string_view name,
                             const Arguments& arguments, Heap& heap) {
  const Dict& dict = self.dict();
  if (name == "get") {
    constexpr std::string_view kParameters[] = {"key", "default"};
    PELLUCID_ASSIGN_OR_RETURN(const Bound bound,
                              Bind(name, arguments, kParameters, 1));
    PELLUCID_RETURN_IF_ERROR(CheckKey(bound.At(0)));
    const Value* value = dict.Find(bound.At(0));
    return value != nullptr ? *value : bound.AtOr(1, Value());
  }
  PELLUCID_ASSIGN_OR_RETURN([[maybe_unused]] const Bound none,
                            Bind(name, arguments, {}, 0));
  if (name == "copy") return heap.Make(dict);
  std::vector<Value> items;
  for (const auto& [key, value] : dict.items) {
    if (name == "keys") {
      items.push_back(key);
    } else if (name == "values") {
      items.push_back(value);
    } else if (name == "items") {
      items.push_back(PairOf(key, value, heap));
    } else {
      break;
    }
  }
  if (name == "fromkeys") return Unsupported(self, name);
  return heap.Make(std::move(items), ListKind::kView);
}

Result<Value> CallListMethod(const Value& self, std::string_view name,
                             const Arguments& arguments, Heap& heap) {
  const std::vector<Value>& items = self.list().items;
  if (name == "copy") return heap.Make(items);
  constexpr std::string_view kParameters[] = {"value"};
  PELLUCID_ASSIGN_OR_RETURN(const Bound bound,
                            Bind(name, arguments, kParameters, 1));
  std::int64_t count = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    PELLUCID_ASSIGN_OR_RETURN(const bool equal,
                              AreEqual(items[i], bound.At(0), heap));
    if (equal && name == "index") return Value(static_cast<std::int64_t>(i));
    if (equal) ++count;
  }
  if (name == "index") return TemplateError("index: value is not in list");
  return Value(count);
}

Result<Value> CallLoopMethod(const Value& self, std::string_view name,
                             const Arguments& arguments, Heap& heap) {
  Loop& loop = self.loop();
  const std::vector<Value>& values = arguments.positional;
  if (name == "cycle") {
    if (values.empty()) return TemplateError("no items for cycling given");
    return values[loop.index % values.size()];
  }
  bool same = loop.changed.has_value() && loop.changed->size() == values.size();
  for (std::size_t i = 0; same && i < values.size(); ++i) {
    PELLUCID_ASSIGN_OR_RETURN(same,
                              AreEqual((*loop.changed)[i], values[i], heap));
  }
  if (!same) loop.changed = values;
  return Value(!same);
}

}  // namespace

Result<Value> CallMethod(const Value& self, std::string_view name,
                         const Arguments& arguments, Heap& heap) {
  heap.Spend(kNodeWork);
  switch (self.kind()) {
    case Kind::kText:
      return CallTextMethod(self, name, arguments, heap);
    case Kind::kDict:
      return CallDictMethod(self, name, arguments, heap);
    case Kind::kList:
      return CallListMethod(self, name, arguments, heap);
    case Kind::kLoop:
      return CallLoopMethod(self, name, arguments, heap);
    default:
      return Unsupported(self, name);
  }
}

}  // namespace pellucid::jinja
