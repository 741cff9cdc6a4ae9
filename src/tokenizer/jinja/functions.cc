#include "tokenizer/jinja/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "tokenizer/jinja/compare.h"
#include "tokenizer/jinja/show.h"

namespace pellucid::jinja {
namespace {

Result<Value> Range(const Arguments& arguments, Heap& heap) {
  constexpr std::string_view kParameters[] = {"start", "stop", "step"};
  PELLUCID_ASSIGN_OR_RETURN(const Bound bound,
                            Bind("range", arguments, kParameters, 1));
  PELLUCID_ASSIGN_OR_RETURN(std::int64_t begin, bound.Integer(0, 0));
  std::int64_t end = begin;
  if (bound.Has(1)) {
    PELLUCID_ASSIGN_OR_RETURN(end, bound.Integer(1, 0));
  } else {
    begin = 0;
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t step, bound.Integer(2, 1));
  if (step == 0) return TemplateError("range: the step must not be zero");
  std::vector<Value> items;
  for (std::int64_t i = begin; step > 0 ? i < end : i > end;) {
    if (items.size() == kMaxRange) {
      return TemplateError(
          fmt::format("range: has more than {} elements", kMaxRange));
    }
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return heap.Make(std::move(items), ListKind::kRange);
}

// Entries of what dict() takes: a dict, or pairs; and named arguments.
Result<Dict> DictOf(std::string_view name, const Arguments& arguments,
                    Heap& heap) {
  if (arguments.positional.size() > 1) {
    return TemplateError(
        fmt::format("{}: at most 1 argument is expected, not "
                    "{}",
                    name, arguments.positional.size()));
  }
  Dict dict;
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional.front();
    if (from.Is(Kind::kDict)) {
      dict = from.dict();
      dict.origin.reset();
    } else {
      PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> pairs,
                                Iterate(from, heap));
      for (const Value& pair : pairs) {
        PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> two,
                                  Iterate(pair, heap));
        if (two.size() != 2) {
          return TemplateError(fmt::format("{}: pairs are expected", name));
        }
        PELLUCID_RETURN_IF_ERROR(CheckKey(two[0]));
        PELLUCID_RETURN_IF_ERROR(heap.Ask(
            two[0].Is(Kind::kText) ? kNodeWork : 4 * dict.items.size()));
        dict.Set(two[0], two[1]);
      }
    }
  }
  for (const auto& [key, value] : arguments.named) {
    dict.Set(heap.Make(key), value);
  }
  return dict;
}

Result<Value> MakeSpace(const Arguments& arguments, Heap& heap) {
  PELLUCID_ASSIGN_OR_RETURN(const Dict dict,
                            DictOf("namespace", arguments, heap));
  Namespace space;
  for (const auto& [key, value] : dict.items) {
    if (!key.Is(Kind::kText)) {
      return TemplateError("namespace: a name is no text");
    }
    if (key.view().starts_with('_')) {
      return TemplateError("namespace: a name begins with an underscore");
    }
    PELLUCID_RETURN_IF_ERROR(heap.Ask(space.items.size()));
    space.Set(key.view(), value);
  }
  return heap.MakeNamespace(std::move(space));
}

Result<Value> Raise(const Arguments& arguments, Heap& heap) {
  constexpr std::string_view kParameters[] = {"message"};
  PELLUCID_ASSIGN_OR_RETURN(const Bound bound,
                            Bind("raise_exception", arguments, kParameters, 1));
  PELLUCID_ASSIGN_OR_RETURN(const Text message, StrOf(bound.At(0), heap));
  return UsageError(message.bytes);
}

// strftime() of the C library in its own language, as Python's.
Result<Value> FormatTime(const Arguments& arguments, const std::tm& now,
                         Heap& heap) {
  constexpr std::string_view kParameters[] = {"format"};
  PELLUCID_ASSIGN_OR_RETURN(const Bound bound,
                            Bind("strftime_now", arguments, kParameters, 1));
  PELLUCID_ASSIGN_OR_RETURN(const Text* format, bound.TextOrNull(0));
  constexpr std::size_t kMostBytes = 1000;
  if (format == nullptr || format->size() > kMostBytes ||
      format->view().find('\0') != std::string_view::npos) {
    return TemplateError("strftime_now: the format is no short text");
  }
  // A width ("%9999d") makes more bytes than the format has; one that does not
  // fit into the buffer gives nothing. The mark tells that from an empty text.
  const std::string marked = format->bytes + "|";
  std::array<char, 16 * kMostBytes> buffer;
  const std::size_t size =
      std::strftime(buffer.data(), buffer.size(), marked.c_str(), &now);
  if (size == 0) return TemplateError("strftime_now: makes a text too long");
  return heap.Make(LossyUtf8({buffer.data(), size - 1}));
}

}  // namespace

Result<Value> CallFunction(std::string_view name, const Arguments& arguments,
                           const std::tm& now, Heap& heap) {
  heap.Spend(kNodeWork);
  if (name == "range") return Range(arguments, heap);
  if (name == "namespace") return MakeSpace(arguments, heap);
  if (name == "raise_exception") return Raise(arguments, heap);
  if (name == "strftime_now") return FormatTime(arguments, now, heap);
  PELLUCID_ASSIGN_OR_RETURN(Dict dict, DictOf("dict", arguments, heap));
  return heap.Make(std::move(dict));
}

}  // namespace pellucid::jinja
