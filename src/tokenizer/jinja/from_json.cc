#include "tokenizer/jinja/from_json.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace pellucid::jinja {
namespace {

namespace dom = simdjson::dom;

Result<Value> FromObject(dom::object object,
                         std::optional<std::uint32_t> origin, Heap& heap,
                         std::size_t depth) {
  Dict dict;
  for (const auto& [key, element] : object) {
    PELLUCID_ASSIGN_OR_RETURN(const Value value,
                              FromJson(element, origin, heap, depth + 1));
    dict.Set(heap.Make(key), value);
  }
  return heap.Make(std::move(dict));
}

}  // namespace

Result<Value> FromJson(dom::element element,
                       std::optional<std::uint32_t> origin, Heap& heap,
                       std::size_t depth) {
  if (depth > kMaxValueDepth) {
    return UsageError(
        fmt::format("values are nested more than {} deep; "
                    "flatten them",
                    kMaxValueDepth));
  }
  switch (element.type()) {
    case dom::element_type::OBJECT:
      return FromObject(dom::object(element), origin, heap, depth);
    case dom::element_type::ARRAY: {
      std::vector<Value> items;
      for (const dom::element item : dom::array(element)) {
        PELLUCID_ASSIGN_OR_RETURN(items.emplace_back(),
                                  FromJson(item, origin, heap, depth + 1));
      }
      return heap.Make(std::move(items));
    }
    case dom::element_type::STRING: {
      Text text{std::string_view(element)};
      if (origin && text.size() > 0) {
        text.marks.push_back({0, text.size(), *origin});
      }
      return heap.Make(std::move(text));
    }
    case dom::element_type::INT64:
      return Value(std::int64_t(element));
    case dom::element_type::UINT64:
      return UsageError(
          fmt::format("the number {} does not fit into 64 bits with a sign; "
                      "write it as a text",
                      std::uint64_t(element)));
    case dom::element_type::DOUBLE:
      return Value(double(element));
    case dom::element_type::BOOL:
      return Value(bool(element));
    case dom::element_type::NULL_VALUE:
      break;
  }
  return Value();
}

}  // namespace pellucid::jinja
