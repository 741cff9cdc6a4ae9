// ==, < and `in`, as Python defines them on the values of a template: numbers
// of any kind are compared exactly, what has no order is an error.
#ifndef PELLUCID_TOKENIZER_JINJA_COMPARE_H_
#define PELLUCID_TOKENIZER_JINJA_COMPARE_H_

#include <cstddef>

#include "pellucid/result.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

// kModel: too deep.
Result<bool> AreEqual(const Value& a, const Value& b, Heap& heap,
                      std::size_t depth = 0);

// Of keys of a dict, which hold no lists but tuples of keys.
bool EqualKeys(const Value& a, const Value& b);

// kModel: the value cannot be a key ("unhashable type: 'list'").
Status CheckKey(const Value& value, std::size_t depth = 0);

// a < b. kModel: they have no order.
Result<bool> IsLess(const Value& a, const Value& b, Heap& heap,
                    std::size_t depth = 0);

// `item in container`. kModel: it is no container, or one of texts only.
Result<bool> Contains(const Value& container, const Value& item, Heap& heap);

// Work of looking for `part` in `whole`.
std::size_t SearchWork(std::size_t whole, std::size_t part);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_COMPARE_H_
