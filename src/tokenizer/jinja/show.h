// str() and repr() of Python, which is what a template prints, and what it
// joins with `~`: "True", "None", "1.0", "['a', {'b': 1}]".
#ifndef PELLUCID_TOKENIZER_JINJA_SHOW_H_
#define PELLUCID_TOKENIZER_JINJA_SHOW_H_

#include <string>

#include "pellucid/result.h"
#include "tokenizer/jinja/text.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

// Appends str(value): of a text itself, of an undefined value nothing. kModel:
// too deep, too much.
Status AppendStr(const Value& value, Heap& heap, Text& out);
Result<Text> StrOf(const Value& value, Heap& heap);

// Appends repr(value): the same, but of a text in quotes. kModel as above.
Status AppendRepr(const Value& value, Heap& heap, Text& out,
                  std::size_t depth = 0);

// repr() of a text: 'it', "it's".
std::string ReprOf(std::string_view text);

// repr() of a float, the shortest that reads back: "1.0", "1e+16", "inf".
std::string FloatText(double value);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_SHOW_H_
