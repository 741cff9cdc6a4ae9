// The tests of Jinja: `value is defined`, `value is divisibleby 3`. All of
// them; the file is not called for them because tests are something else here.
#ifndef PELLUCID_TOKENIZER_JINJA_PREDICATES_H_
#define PELLUCID_TOKENIZER_JINJA_PREDICATES_H_

#include <string_view>

#include "pellucid/result.h"
#include "tokenizer/jinja/arguments.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

// kModel: a test that is not known, arguments that do not fit, what Python
// raises.
Result<bool> ApplyTest(std::string_view name, const Value& value,
                       const Arguments& arguments, Heap& heap);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_PREDICATES_H_
