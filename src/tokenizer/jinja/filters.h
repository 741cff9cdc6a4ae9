// The filters of Jinja (`value | name(arguments)`) that chat templates use, and
// those near them. Not there: what makes HTML or addresses, wraps words, or
// draws at random.
#ifndef PELLUCID_TOKENIZER_JINJA_FILTERS_H_
#define PELLUCID_TOKENIZER_JINJA_FILTERS_H_

#include <span>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/jinja/arguments.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

// kModel: a filter that is not known, arguments that do not fit, what Python
// raises.
Result<Value> ApplyFilter(std::string_view name, const Value& value,
                          const Arguments& arguments, Heap& heap);

bool HasFilter(std::string_view name);

// How a filter is kept in the tables of its files.
struct FilterCall {
  std::string_view name;
  const Value& value;
  const Bound& bound;          // by the parameters that the table names
  const Arguments& arguments;  // all, for those that take any
  Heap& heap;
};
struct Filter {
  std::string_view name;
  Result<Value> (*run)(const FilterCall& call);
  std::size_t required = 0;
  std::vector<std::string_view> parameters = {};
  bool takes_any = false;
};
std::span<const Filter> TextFilters();      // text_filters.cc
std::span<const Filter> SequenceFilters();  // sequence_filters.cc
std::span<const Filter> ValueFilters();     // value_filters.cc

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_FILTERS_H_
