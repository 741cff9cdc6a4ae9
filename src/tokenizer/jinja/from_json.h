// JSON as values of a template: what messages are given as, each text marked
// with the message that it comes from.
#ifndef PELLUCID_TOKENIZER_JINJA_FROM_JSON_H_
#define PELLUCID_TOKENIZER_JINJA_FROM_JSON_H_

#include <simdjson.h>

#include <cstdint>
#include <optional>

#include "pellucid/result.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

// Texts within are marked as coming from `origin`; keys are not. Of a key that
// stands twice the last one counts. kUsage: an integer beyond 64 bits, or
// nested too deep.
Result<Value> FromJson(simdjson::dom::element element,
                       std::optional<std::uint32_t> origin, Heap& heap,
                       std::size_t depth = 0);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_FROM_JSON_H_
