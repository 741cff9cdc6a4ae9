// "%s: %d" % values and "{}: {name}".format(values), as far as templates use
// them: conversions s, r, d, i, u, x, X, o, f, F, e, g, c and %, with flags,
// width and precision; fields by number or name, without attributes, and format
// specifications of width, alignment, precision and type.
#ifndef PELLUCID_TOKENIZER_JINJA_FORMAT_H_
#define PELLUCID_TOKENIZER_JINJA_FORMAT_H_

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/jinja/text.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

// `values` is a tuple of them, a dict for "%(name)s", or the only one. kModel:
// a conversion that is not known, values that are too few or too many or of
// another type.
Result<Text> FormatPercent(const Text& format, const Value& values, Heap& heap);

// kModel: a field that is not known or not supported.
Result<Text> FormatBraces(
    const Text& format, std::span<const Value> positional,
    std::span<const std::pair<std::string_view, Value>> named, Heap& heap);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_FORMAT_H_
