// The filter `tojson`, as transformers defines it: Python's json.dumps, whose
// characters stay as they are unless ASCII is asked for.
#ifndef PELLUCID_TOKENIZER_JINJA_TO_JSON_H_
#define PELLUCID_TOKENIZER_JINJA_TO_JSON_H_

#include <optional>
#include <string>

#include "pellucid/result.h"
#include "tokenizer/jinja/text.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

struct JsonOptions {
  bool ascii = false;
  std::optional<std::string> indent = {};  // of one level; empty: one line
  std::string between = ", ";              // elements; "," with an indent
  std::string after_key = ": ";
  bool sort_keys = false;
};

// kModel: a value that JSON has not, keys that cannot be sorted, too deep.
Result<Text> ToJson(const Value& value, const JsonOptions& options, Heap& heap);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_TO_JSON_H_
