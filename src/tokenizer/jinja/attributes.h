// object.name, object[key] and object[begin:end:step], as Jinja's sandbox looks
// them up: attribute first for a dot, element first for brackets, undefined
// where there is neither. Attributes of Python's types are their methods; those
// that change a value are withheld.
#ifndef PELLUCID_TOKENIZER_JINJA_ATTRIBUTES_H_
#define PELLUCID_TOKENIZER_JINJA_ATTRIBUTES_H_

#include <optional>
#include <string_view>

#include "pellucid/result.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

// kModel: the object is undefined.
Result<Value> GetAttribute(const Value& object, std::string_view name,
                           Heap& heap);
Result<Value> GetItem(const Value& object, const Value& key, Heap& heap);

// A part of a text or sequence; null is none. kModel: of another type, or a
// step of 0.
Result<Value> GetSlice(const Value& object, const Value* begin,
                       const Value* end, const Value* step, Heap& heap);

// An element by a path such as "function.name" or "0", or by a number: what the
// parameter `attribute` of filters is. None: the object itself.
Result<Value> GetPath(const Value& object, const Value& path, Heap& heap);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_ATTRIBUTES_H_
