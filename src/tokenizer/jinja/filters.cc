#include "tokenizer/jinja/filters.h"

#include <fmt/format.h>

#include "base/quote.h"

namespace pellucid::jinja {
namespace {

const Filter* FindFilter(std::string_view name) {
  for (const auto table : {TextFilters(), SequenceFilters(), ValueFilters()}) {
    for (const Filter& filter : table) {
      if (filter.name == name) return &filter;
    }
  }
  return nullptr;
}

}  // namespace

bool HasFilter(std::string_view name) { return FindFilter(name) != nullptr; }

Result<Value> ApplyFilter(std::string_view name, const Value& value,
                          const Arguments& arguments, Heap& heap) {
  heap.Spend(kNodeWork);
  const Filter* filter = FindFilter(name);
  if (filter == nullptr) {
    return TemplateError(
        fmt::format("the filter \"{}\" is not known, or not "
                    "supported",
                    Quote(name)));
  }
  Bound bound(filter->name);
  if (!filter->takes_any) {
    PELLUCID_ASSIGN_OR_RETURN(
        bound,
        Bind(filter->name, arguments, filter->parameters, filter->required));
  }
  return filter->run({filter->name, value, bound, arguments, heap});
}

}  // namespace pellucid::jinja
