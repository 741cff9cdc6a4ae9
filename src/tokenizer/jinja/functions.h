// The functions that a chat template finds: Jinja's range, namespace and dict,
// and transformers' raise_exception and strftime_now.
#ifndef PELLUCID_TOKENIZER_JINJA_FUNCTIONS_H_
#define PELLUCID_TOKENIZER_JINJA_FUNCTIONS_H_

#include <ctime>
#include <string>
#include <string_view>

#include "pellucid/result.h"
#include "tokenizer/jinja/arguments.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

inline constexpr std::string_view kFunctions[] = {
    "range", "namespace", "dict", "raise_exception", "strftime_now"};

// `now` is local time. kModel: arguments that do not fit. kUsage: what
// raise_exception says, which is about the messages.
Result<Value> CallFunction(std::string_view name, const Arguments& arguments,
                           const std::tm& now, Heap& heap);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_FUNCTIONS_H_
