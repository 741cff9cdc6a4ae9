#include "tokenizer/jinja/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <vector>

#include "tokenizer/jinja/compare.h"
#include "tokenizer/jinja/show.h"

namespace pellucid::jinja {
namespace {

constexpr std::string_view kTextMethods[] = {
    "capitalize",   "casefold",     "center",    "count",     "encode",
    "endswith",     "expandtabs",   "find",      "format",    "format_map",
    "index",        "isalnum",      "isalpha",   "isascii",   "isdecimal",
    "isdigit",      "isidentifier", "islower",   "isnumeric", "isprintable",
    "isspace",      "istitle",      "isupper",   "join",      "ljust",
    "lower",        "lstrip",       "maketrans", "partition", "removeprefix",
    "removesuffix", "replace",      "rfind",     "rindex",    "rjust",
    "rpartition",   "rsplit",       "rstrip",    "split",     "splitlines",
    "startswith",   "strip",        "swapcase",  "title",     "translate",
    "upper",        "zfill"};
constexpr std::string_view kListMethods[] = {"copy", "count", "index"};
constexpr std::string_view kTupleMethods[] = {"count", "index"};
constexpr std::string_view kDictMethods[] = {"copy",  "fromkeys", "get",
                                             "items", "keys",     "values"};
constexpr std::string_view kListChanges[] = {
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
constexpr std::string_view kDictChanges[] = {"clear", "pop", "popitem",
                                             "setdefault", "update"};

template <typename Names>
bool Holds(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool IsMethod(const Value& object, std::string_view name) {
  if (object.Is(Kind::kText)) return Holds(kTextMethods, name);
  if (object.Is(Kind::kDict)) return Holds(kDictMethods, name);
  if (!object.Is(Kind::kList)) return false;
  const ListKind kind = object.list().kind;
  if (kind == ListKind::kList) return Holds(kListMethods, name);
  return (kind == ListKind::kTuple || kind == ListKind::kRange) &&
         Holds(kTupleMethods, name);
}

bool IsChange(const Value& object, std::string_view name) {
  if (object.Is(Kind::kDict)) return Holds(kDictChanges, name);
  return object.Is(Kind::kList) && object.list().kind == ListKind::kList &&
         Holds(kListChanges, name);
}

std::string NameOfObject(const Value& object) {
  if (object.Is(Kind::kNone)) return "None";
  return fmt::format("{} object", TypeName(object));
}

std::optional<Value> LoopAttribute(const Value& object, std::string_view name,
                                   Heap& heap) {
  const Loop& loop = object.loop();
  const auto number = [](std::size_t value) {
    return Value(static_cast<std::int64_t>(value));
  };
  const std::size_t count = loop.items.size();
  if (name == "index") return number(loop.index + 1);
  if (name == "index0") return number(loop.index);
  if (name == "revindex") return number(count - loop.index);
  if (name == "revindex0") return number(count - loop.index - 1);
  if (name == "first") return Value(loop.index == 0);
  if (name == "last") return Value(loop.index + 1 == count);
  if (name == "length") return number(count);
  if (name == "depth") return number(loop.depth + 1);
  if (name == "depth0") return number(loop.depth);
  if (name == "previtem") {
    if (loop.index == 0) return heap.MakeUndefined("there is no previous item");
    return loop.items[loop.index - 1];
  }
  if (name == "nextitem") {
    if (loop.index + 1 == count) {
      return heap.MakeUndefined("there is no next item");
    }
    return loop.items[loop.index + 1];
  }
  if (name != "cycle" && name != "changed") return std::nullopt;
  return heap.MakeCallable({.kind = Callable::Kind::kMethod,
                            .name = name == "cycle" ? "cycle" : "changed",
                            .self = object});
}

// Python's getattr; nothing where there is no such attribute.
std::optional<Value> Attribute(const Value& object, std::string_view name,
                               Heap& heap) {
  if (name.starts_with("__") || IsChange(object, name)) {
    return heap.MakeUndefined(
        fmt::format("access to attribute {} of '{}' object is unsafe",
                    ReprOf(name), TypeName(object)));
  }
  if (object.Is(Kind::kNamespace)) {
    const Value* value = object.space().Find(name);
    return value == nullptr ? std::nullopt : std::optional(*value);
  }
  if (object.Is(Kind::kLoop)) return LoopAttribute(object, name, heap);
  if (object.Is(Kind::kCallable) &&
      object.callable().kind == Callable::Kind::kMacro && name == "name") {
    return heap.Make(object.callable().name);
  }
  if (!IsMethod(object, name)) return std::nullopt;
  return heap.MakeCallable({.kind = Callable::Kind::kMethod,
                            .name = heap.Make(name).view(),
                            .self = object});
}

// Python's object[key]; nothing where that is an error of look-up.
std::optional<Value> Item(const Value& object, const Value& key, Heap& heap) {
  if (object.Is(Kind::kDict)) {
    if (!CheckKey(key).ok()) return std::nullopt;
    if (!key.Is(Kind::kText)) {
      heap.Spend(kNodeWork * object.dict().items.size());
    }
    const Value* value = object.dict().Find(key);
    return value == nullptr ? std::nullopt : std::optional(*value);
  }
  if (!key.IsInteger()) return std::nullopt;
  std::int64_t index = key.integer();
  if (object.Is(Kind::kText)) {
    heap.Spend(object.text().size());
    const std::vector<std::size_t> offsets = CharOffsets(object.view());
    const auto count = static_cast<std::int64_t>(offsets.size() - 1);
    if (index < 0) index += count;
    if (index < 0 || index >= count) return std::nullopt;
    const auto i = static_cast<std::size_t>(index);
    return heap.Make(object.text().Slice(offsets[i], offsets[i + 1]));
  }
  if (!object.Is(Kind::kList)) return std::nullopt;
  const List& list = object.list();
  if (list.kind == ListKind::kView || list.kind == ListKind::kGenerator) {
    return std::nullopt;
  }
  const auto count = static_cast<std::int64_t>(list.items.size());
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return list.items[static_cast<std::size_t>(index)];
}

Value Missing(const Value& object, const Value& key, Heap& heap) {
  Text repr;
  if (!AppendRepr(key, heap, repr).ok()) repr = Text("a key");
  constexpr std::size_t kShown = 80;
  if (repr.size() > kShown) repr = Text("a long key");
  if (key.Is(Kind::kText)) {
    return heap.MakeUndefined(fmt::format("'{}' has no attribute {}",
                                          NameOfObject(object), repr.bytes));
  }
  return heap.MakeUndefined(
      fmt::format("{} has no element {}", NameOfObject(object), repr.bytes));
}

// Ends and step of a slice of `count` elements, as Python clips them.
struct SliceRange {
  std::int64_t begin = 0, end = 0, step = 1;
};

Result<std::optional<std::int64_t>> SliceIndex(const Value* value) {
  if (value == nullptr || value->Is(Kind::kNone)) {
    return std::optional<std::int64_t>();
  }
  if (!value->IsInteger()) {
    return TemplateError("slice indices must be integers or None");
  }
  return std::optional(value->integer());
}

Result<SliceRange> ClipSlice(const Value* begin, const Value* end,
                             const Value* step, std::int64_t count) {
  SliceRange range;
  PELLUCID_ASSIGN_OR_RETURN(const auto given_step, SliceIndex(step));
  PELLUCID_ASSIGN_OR_RETURN(const auto given_begin, SliceIndex(begin));
  PELLUCID_ASSIGN_OR_RETURN(const auto given_end, SliceIndex(end));
  range.step = given_step.value_or(1);
  if (range.step == 0) return TemplateError("slice step cannot be zero");
  const std::int64_t low = range.step > 0 ? 0 : -1;
  const std::int64_t high = range.step > 0 ? count : count - 1;
  const auto clip = [&](std::int64_t index) {
    if (index < 0) index += count;
    return std::clamp(index, low, high);
  };
  const bool up = range.step > 0;
  range.begin = given_begin ? clip(*given_begin) : up ? low : high;
  range.end = given_end ? clip(*given_end) : up ? high : low;
  return range;
}

// Calls take(i) for each index.
template <typename Take>
void ForEachIndex(const SliceRange& range, const Take& take) {
  std::int64_t i = range.begin;
  while (range.step > 0 ? i < range.end : i > range.end) {
    take(static_cast<std::size_t>(i));
    if (__builtin_add_overflow(i, range.step, &i)) return;
  }
}

}  // namespace

Result<Value> GetAttribute(const Value& object, std::string_view name,
                           Heap& heap) {
  // Python's own attributes are there even then, and withheld.
  if (object.Is(Kind::kUndefined) && !name.starts_with("__")) {
    return UndefinedError(object);
  }
  if (const auto value = Attribute(object, name, heap)) return *value;
  const Value key = heap.Make(name);
  if (const auto value = Item(object, key, heap)) return *value;
  return Missing(object, key, heap);
}

Result<Value> GetItem(const Value& object, const Value& key, Heap& heap) {
  if (object.Is(Kind::kUndefined)) return UndefinedError(object);
  if (const auto value = Item(object, key, heap)) return *value;
  if (key.Is(Kind::kText)) {
    if (const auto value = Attribute(object, key.view(), heap)) return *value;
  }
  return Missing(object, key, heap);
}

Result<Value> GetSlice(const Value& object, const Value* begin,
                       const Value* end, const Value* step, Heap& heap) {
  if (object.Is(Kind::kUndefined)) return UndefinedError(object);
  if (object.Is(Kind::kText)) {
    heap.Spend(object.text().size());
    const std::vector<std::size_t> offsets = CharOffsets(object.view());
    PELLUCID_ASSIGN_OR_RETURN(
        const SliceRange range,
        ClipSlice(begin, end, step,
                  static_cast<std::int64_t>(offsets.size() - 1)));
    Text out;
    if (range.step == 1) {
      if (range.begin < range.end) {
        out.Append(object.text(),
                   offsets[static_cast<std::size_t>(range.begin)],
                   offsets[static_cast<std::size_t>(range.end)]);
      }
      return heap.Make(std::move(out));
    }
    PELLUCID_RETURN_IF_ERROR(heap.Ask(kNodeWork * offsets.size()));
    ForEachIndex(range, [&](std::size_t i) {
      out.Append(object.text(), offsets[i], offsets[i + 1]);
    });
    return heap.Make(std::move(out));
  }
  if (!object.Is(Kind::kList) || object.list().kind == ListKind::kView ||
      object.list().kind == ListKind::kGenerator) {
    return TemplateError(
        fmt::format("'{}' object has no slices", TypeName(object)));
  }
  const List& list = object.list();
  PELLUCID_ASSIGN_OR_RETURN(
      const SliceRange range,
      ClipSlice(begin, end, step,
                static_cast<std::int64_t>(list.items.size())));
  std::vector<Value> items;
  ForEachIndex(range, [&](std::size_t i) { items.push_back(list.items[i]); });
  return heap.Make(std::move(items), list.kind);
}

Result<Value> GetPath(const Value& object, const Value& path, Heap& heap) {
  if (path.Is(Kind::kNone)) return object;
  if (!path.Is(Kind::kText)) return GetItem(object, path, heap);
  Value value = object;
  for (const ByteRange& range :
       SplitText(path.view(), ".", /*limit=*/-1, /*from_right=*/false)) {
    const std::string_view part =
        path.view().substr(range.begin, range.end - range.begin);
    std::int64_t index = 0;
    const auto [stop, error] =
        std::from_chars(part.data(), part.data() + part.size(), index);
    const bool is_number = !part.empty() && error == std::errc() &&
                           stop == part.data() + part.size() && part[0] != '-';
    PELLUCID_ASSIGN_OR_RETURN(
        value,
        GetItem(value, is_number ? Value(index) : heap.Make(part), heap));
  }
  return value;
}

}  // namespace pellucid::jinja
