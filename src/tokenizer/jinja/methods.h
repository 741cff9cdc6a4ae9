// Methods of Python's str, list, tuple and dict, and of `loop`: those that
// change nothing, since that is all that Jinja's sandbox lets through.
#ifndef PELLUCID_TOKENIZER_JINJA_METHODS_H_
#define PELLUCID_TOKENIZER_JINJA_METHODS_H_

#include <string_view>

#include "pellucid/result.h"
#include "tokenizer/jinja/arguments.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

// self.name(arguments). kModel: a method that is not supported, arguments that
// do not fit, what Python raises.
Result<Value> CallMethod(const Value& self, std::string_view name,
                         const Arguments& arguments, Heap& heap);

// The part for texts, text_methods.cc.
Result<Value> CallTextMethod(const Value& self, std::string_view name,
                             const Arguments& arguments, Heap& heap);

// str.center and so on: `text` padded to `width` characters by `fill`.
enum class Side { kLeft, kRight, kCenter };
Result<Value> PadText(const Text& text, std::int64_t width, Side side,
                      std::string_view fill, Heap& heap);

// Texts joined by `separator`, each as it is. kModel: an element is no text.
Result<Value> JoinTexts(const Text& separator, const Value& items, Heap& heap);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_METHODS_H_
