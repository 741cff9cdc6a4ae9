// Data of tokenizer/unicode_property.h: ranges of code points in rising order.
// Generated (tools/unicode/make_ranges.py).
//
// Ranges, where tokenizer/unicode_tables.h has tables, because what they hold
// is asked for when a pattern is read, or for few characters.
#ifndef PELLUCID_TOKENIZER_UNICODE_RANGES_H_
#define PELLUCID_TOKENIZER_UNICODE_RANGES_H_

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace pellucid {

// Code points first to last, both included.
struct CodeRange {
  char32_t first = 0, last = 0;
  std::uint8_t value = 0;  // of a table: what the property is
};

namespace unicode_internal {
extern const CodeRange kCategoryRanges[];
extern const std::size_t kCategoryRangeCount;
extern const char* const kScriptNames[];
extern const std::size_t kScriptCount;
extern const CodeRange kScriptRanges[];
extern const std::size_t kScriptRangeCount;
extern const CodeRange kOldScriptRanges[];
extern const std::size_t kOldScriptRangeCount;
extern const CodeRange kOldClassRanges[];
extern const std::size_t kOldClassRangeCount;
}  // namespace unicode_internal

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_UNICODE_RANGES_H_
