#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "tokenizer/jinja/arithmetic.h"
#include "tokenizer/jinja/attributes.h"
#include "tokenizer/jinja/compare.h"
#include "tokenizer/jinja/filters.h"
#include "tokenizer/jinja/methods.h"
#include "tokenizer/jinja/predicates.h"
#include "tokenizer/jinja/show.h"

namespace pellucid::jinja {
namespace {

Value Generator(std::vector<Value> items, Heap& heap) {
  return heap.Make(std::move(items), ListKind::kGenerator);
}

Result<Value> ToList(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(std::vector<Value> items,
                            Iterate(call.value, call.heap));
  return call.heap.Make(std::move(items));
}

Result<Value> First(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  if (!items.empty()) return items.front();
  return call.heap.MakeUndefined("No first item, sequence was empty.");
}

Result<Value> Last(const FilterCall& call) {
  if (call.value.Is(Kind::kList) &&
      call.value.list().kind == ListKind::kGenerator) {
    return TemplateError("last: 'generator' object is not reversible");
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  if (!items.empty()) return items.back();
  return call.heap.MakeUndefined("No last item, sequence was empty.");
}

Result<Value> Reverse(const FilterCall& call) {
  if (call.value.Is(Kind::kText)) {
    const Value step(std::int64_t{-1});
    return GetSlice(call.value, nullptr, nullptr, &step, call.heap);
  }
  PELLUCID_ASSIGN_OR_RETURN(std::vector<Value> items,
                            Iterate(call.value, call.heap));
  std::reverse(items.begin(), items.end());
  return Generator(std::move(items), call.heap);
}

Result<Value> Join(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(
      const Text separator,
      StrOf(call.bound.AtOr(0, call.heap.Make("")), call.heap));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  Text out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) {
      PELLUCID_RETURN_IF_ERROR(call.heap.Ask(separator.size()));
      out.Append(separator);
    }
    Value item = items[i];
    if (call.bound.HasSome(1)) {
      PELLUCID_ASSIGN_OR_RETURN(item,
                                GetPath(item, call.bound.At(1), call.heap));
    }
    PELLUCID_RETURN_IF_ERROR(AppendStr(item, call.heap, out));
  }
  return call.heap.Make(std::move(out));
}

// What filters with the parameter `attribute` look at instead of an element:
// its attribute, in lower case if that is a text and case is no matter.
Result<Value> KeyOf(const Value& item, const Value& path, bool case_sensitive,
                    Heap& heap) {
  PELLUCID_ASSIGN_OR_RETURN(const Value key, GetPath(item, path, heap));
  if (case_sensitive || !key.Is(Kind::kText)) return key;
  return heap.Make(WithCase(key.text(), Case::kLower));
}

struct Keyed {
  Value key, item;
};

// Sorts by the keys, stable.
Status SortKeyed(std::vector<Keyed>& items, bool reverse, Heap& heap) {
  Status status;
  std::stable_sort(
      items.begin(), items.end(), [&](const Keyed& a, const Keyed& b) {
        if (!status.ok()) return false;
        const auto less =
            reverse ? IsLess(b.key, a.key, heap) : IsLess(a.key, b.key, heap);
        if (!less.ok()) status = less.error();
        return less.ok() && *less;
      });
  return status;
}

Value ItemsOf(const std::vector<Keyed>& keyed, Heap& heap) {
  std::vector<Value> items;
  items.reserve(keyed.size());
  for (const Keyed& one : keyed) items.push_back(one.item);
  return heap.Make(std::move(items));
}

// A list of the attributes that "a,b" names. Of one too: elements of lists that
// are equal need no order.
Result<Value> SortKey(const Value& item, const Value& path, bool case_sensitive,
                      Heap& heap) {
  std::vector<Value> keys;
  if (!path.Is(Kind::kText)) {
    PELLUCID_ASSIGN_OR_RETURN(keys.emplace_back(),
                              KeyOf(item, path, case_sensitive, heap));
    return heap.Make(std::move(keys));
  }
  for (const ByteRange& range : SplitText(path.view(), ",", -1, false)) {
    PELLUCID_ASSIGN_OR_RETURN(
        keys.emplace_back(),
        KeyOf(item, heap.Make(path.text().Slice(range.begin, range.end)),
              case_sensitive, heap));
  }
  return heap.Make(std::move(keys));
}

Result<Value> Sort(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  std::vector<Keyed> keyed;
  for (const Value& item : items) {
    PELLUCID_ASSIGN_OR_RETURN(const Value key,
                              SortKey(item, call.bound.AtOr(2, Value()),
                                      call.bound.Flag(1), call.heap));
    keyed.push_back({key, item});
  }
  PELLUCID_RETURN_IF_ERROR(SortKeyed(keyed, call.bound.Flag(0), call.heap));
  return ItemsOf(keyed, call.heap);
}

Result<Value> DictSort(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Text* by, call.bound.TextOrNull(1));
  const bool by_value = by != nullptr && by->view() == "value";
  if (by != nullptr && !by_value && by->view() != "key") {
    return TemplateError("dictsort: by is \"key\" or \"value\"");
  }
  if (call.value.Is(Kind::kUndefined)) return UndefinedError(call.value);
  if (!call.value.Is(Kind::kDict)) {
    return TemplateError(
        fmt::format("dictsort: '{}' object is no dict", TypeName(call.value)));
  }
  std::vector<Keyed> keyed;
  for (const auto& [key, value] : call.value.dict().items) {
    PELLUCID_ASSIGN_OR_RETURN(
        const Value sorted_by,
        KeyOf(by_value ? value : key, Value(), call.bound.Flag(0), call.heap));
    keyed.push_back(
        {sorted_by, call.heap.Make({key, value}, ListKind::kTuple)});
  }
  PELLUCID_RETURN_IF_ERROR(SortKeyed(keyed, call.bound.Flag(2), call.heap));
  return ItemsOf(keyed, call.heap);
}

Result<Value> Unique(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  Dict seen;
  std::vector<Value> kept;
  for (const Value& item : items) {
    PELLUCID_ASSIGN_OR_RETURN(const Value key,
                              KeyOf(item, call.bound.AtOr(1, Value()),
                                    call.bound.Flag(0), call.heap));
    PELLUCID_RETURN_IF_ERROR(CheckKey(key));
    PELLUCID_RETURN_IF_ERROR(
        call.heap.Ask(key.Is(Kind::kText) ? kNodeWork : 4 * seen.items.size()));
    if (seen.Find(key) != nullptr) continue;
    seen.Set(key, Value(true));
    kept.push_back(item);
  }
  return Generator(std::move(kept), call.heap);
}

Result<Value> MinOrMax(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  if (items.empty()) {
    return call.heap.MakeUndefined("No aggregated item, sequence was empty.");
  }
  std::optional<Keyed> best;
  for (const Value& item : items) {
    PELLUCID_ASSIGN_OR_RETURN(const Value key,
                              KeyOf(item, call.bound.AtOr(1, Value()),
                                    call.bound.Flag(0), call.heap));
    if (best) {
      PELLUCID_ASSIGN_OR_RETURN(const bool better,
                                call.name == "min"
                                    ? IsLess(key, best->key, call.heap)
                                    : IsLess(best->key, key, call.heap));
      if (!better) continue;
    }
    best = Keyed{key, item};
  }
  return best->item;
}

Result<Value> Sum(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  Value sum = call.bound.AtOr(1, Value(std::int64_t{0}));
  if (sum.Is(Kind::kText)) return TemplateError("sum: can't sum strings");
  for (const Value& item : items) {
    PELLUCID_ASSIGN_OR_RETURN(
        const Value part,
        GetPath(item, call.bound.AtOr(0, Value()), call.heap));
    PELLUCID_ASSIGN_OR_RETURN(sum, Compute(Op::kAdd, sum, part, call.heap));
  }
  return sum;
}

// Elements in lists of `count`, the last one filled up.
Result<Value> Batch(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t count, call.bound.Integer(0, 1));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  if (count < 1) return TemplateError("batch: the size must be at least 1");
  const auto size = static_cast<std::size_t>(count);
  std::vector<Value> batches, batch;
  for (const Value& item : items) {
    if (batch.size() == size) {
      batches.push_back(call.heap.Make(std::exchange(batch, {})));
    }
    batch.push_back(item);
  }
  if (!batch.empty()) {
    if (call.bound.HasSome(1)) {
      PELLUCID_RETURN_IF_ERROR(
          call.heap.Ask(std::min(size, kMaxWork) * kNodeWork));
      batch.resize(size, call.bound.At(1));
    }
    batches.push_back(call.heap.Make(std::move(batch)));
  }
  return Generator(std::move(batches), call.heap);
}

// Elements in `count` lists of about the same length.
Result<Value> Slice(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t count, call.bound.Integer(0, 1));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  if (count < 1) return TemplateError("slice: the number must be at least 1");
  const auto slices = static_cast<std::size_t>(count);
  PELLUCID_RETURN_IF_ERROR(
      call.heap.Ask(std::min(slices, kMaxWork) * kNodeWork));
  const std::size_t each = items.size() / slices;
  const std::size_t longer = items.size() % slices;
  std::vector<Value> out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < slices; ++i) {
    const std::size_t length = each + (i < longer ? 1 : 0);
    const auto begin = items.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<Value> part(begin, begin + static_cast<std::ptrdiff_t>(length));
    if (call.bound.HasSome(1) && i >= longer) part.push_back(call.bound.At(1));
    out.push_back(call.heap.Make(std::move(part)));
    at += length;
  }
  return Generator(std::move(out), call.heap);
}

// The named argument, which is taken out; nothing: not there.
std::optional<Value> TakeNamed(Arguments& arguments, std::string_view name) {
  for (std::size_t i = 0; i < arguments.named.size(); ++i) {
    if (arguments.named[i].first != name) continue;
    const Value value = arguments.named[i].second;
    arguments.named.erase(arguments.named.begin() +
                          static_cast<std::ptrdiff_t>(i));
    return value;
  }
  return std::nullopt;
}

// The first positional argument, which is taken out: the name of a filter, a
// test or an attribute.
Result<Value> TakeFirst(const FilterCall& call, Arguments& arguments,
                        std::string_view what) {
  if (arguments.positional.empty()) {
    return TemplateError(
        fmt::format("{}: the name of {} is missing", call.name, what));
  }
  const Value first = arguments.positional.front();
  arguments.positional.erase(arguments.positional.begin());
  return first;
}

Result<Value> MapAttribute(const FilterCall& call,
                           const std::vector<Value>& items,
                           Arguments& arguments, const Value& path) {
  const Value fallback = TakeNamed(arguments, "default").value_or(Value());
  if (!arguments.named.empty()) {
    return TemplateError("map: unexpected named argument");
  }
  std::vector<Value> out;
  for (const Value& item : items) {
    PELLUCID_ASSIGN_OR_RETURN(Value value, GetPath(item, path, call.heap));
    if (value.Is(Kind::kUndefined) && !fallback.Is(Kind::kNone)) {
      value = fallback;
    }
    out.push_back(value);
  }
  return Generator(std::move(out), call.heap);
}

Result<Value> Map(const FilterCall& call) {
  if (!IsTrue(call.value)) return Generator({}, call.heap);
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  Arguments arguments = call.arguments;
  if (arguments.positional.empty()) {
    if (const auto path = TakeNamed(arguments, "attribute")) {
      return MapAttribute(call, items, arguments, *path);
    }
  }
  PELLUCID_ASSIGN_OR_RETURN(const Value name,
                            TakeFirst(call, arguments, "a filter"));
  if (!name.Is(Kind::kText)) return TemplateError("map: no name of a filter");
  std::vector<Value> out;
  for (const Value& item : items) {
    PELLUCID_ASSIGN_OR_RETURN(
        out.emplace_back(),
        ApplyFilter(name.view(), item, arguments, call.heap));
    PELLUCID_RETURN_IF_ERROR(call.heap.Check());
  }
  return Generator(std::move(out), call.heap);
}

// select, reject, selectattr, rejectattr.
Result<Value> Select(const FilterCall& call) {
  if (!IsTrue(call.value)) return Generator({}, call.heap);
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(call.value, call.heap));
  Arguments arguments = call.arguments;
  Value path;
  if (call.name.ends_with("attr")) {
    PELLUCID_ASSIGN_OR_RETURN(path, TakeFirst(call, arguments, "an attribute"));
  }
  std::optional<Value> test;
  if (!arguments.positional.empty()) {
    PELLUCID_ASSIGN_OR_RETURN(test, TakeFirst(call, arguments, "a test"));
    if (!test->Is(Kind::kText)) {
      return TemplateError(fmt::format("{}: no name of a test", call.name));
    }
  }
  const bool wanted = call.name.starts_with("select");
  std::vector<Value> out;
  for (const Value& item : items) {
    PELLUCID_ASSIGN_OR_RETURN(const Value value,
                              GetPath(item, path, call.heap));
    bool holds = IsTrue(value);
    if (test) {
      PELLUCID_ASSIGN_OR_RETURN(
          holds, ApplyTest(test->view(), value, arguments, call.heap));
    }
    if (holds == wanted) out.push_back(item);
  }
  return Generator(std::move(out), call.heap);
}

}  // namespace

std::span<const Filter> SequenceFilters() {
  static const auto* const kFilters = new std::vector<Filter>{
      {"list", ToList},
      {"first", First},
      {"last", Last},
      {"reverse", Reverse},
      {"join", Join, 0, {"d", "attribute"}},
      {"sort", Sort, 0, {"reverse", "case_sensitive", "attribute"}},
      {"dictsort", DictSort, 0, {"case_sensitive", "by", "reverse"}},
      {"unique", Unique, 0, {"case_sensitive", "attribute"}},
      {"min", MinOrMax, 0, {"case_sensitive", "attribute"}},
      {"max", MinOrMax, 0, {"case_sensitive", "attribute"}},
      {"sum", Sum, 0, {"attribute", "start"}},
      {"batch", Batch, 1, {"linecount", "fill_with"}},
      {"slice", Slice, 1, {"slices", "fill_with"}},
      {"map", Map, 0, {}, true},
      {"select", Select, 0, {}, true},
      {"reject", Select, 0, {}, true},
      {"selectattr", Select, 0, {}, true},
      {"rejectattr", Select, 0, {}, true},
  };
  return *kFilters;
}

}  // namespace pellucid::jinja
