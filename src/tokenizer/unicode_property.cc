#include "tokenizer/unicode_property.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>

#include "tokenizer/unicode_tables.h"

namespace pellucid {
namespace {

using unicode_internal::kCategoryRangeCount;
using unicode_internal::kCategoryRanges;
using unicode_internal::kOldClassRangeCount;
using unicode_internal::kOldClassRanges;
using unicode_internal::kOldScriptRangeCount;
using unicode_internal::kOldScriptRanges;
using unicode_internal::kScriptCount;
using unicode_internal::kScriptNames;
using unicode_internal::kScriptRangeCount;
using unicode_internal::kScriptRanges;

constexpr char32_t kLast = 0x10ffff;

struct CategoryName {
  std::string_view brief, full;  // in lower case
};

// In the order of the table's values.
constexpr CategoryName kCategories[] = {
    {"lu", "uppercaseletter"},
    {"ll", "lowercaseletter"},
    {"lt", "titlecaseletter"},
    {"lm", "modifierletter"},
    {"lo", "otherletter"},
    {"mn", "nonspacingmark"},
    {"mc", "spacingmark"},
    {"me", "enclosingmark"},
    {"nd", "decimalnumber"},
    {"nl", "letternumber"},
    {"no", "othernumber"},
    {"pc", "connectorpunctuation"},
    {"pd", "dashpunctuation"},
    {"ps", "openpunctuation"},
    {"pe", "closepunctuation"},
    {"pi", "initialpunctuation"},
    {"pf", "finalpunctuation"},
    {"po", "otherpunctuation"},
    {"sm", "mathsymbol"},
    {"sc", "currencysymbol"},
    {"sk", "modifiersymbol"},
    {"so", "othersymbol"},
    {"zs", "spaceseparator"},
    {"zl", "lineseparator"},
    {"zp", "paragraphseparator"},
    {"cc", "control"},
    {"cf", "format"},
    {"cs", "surrogate"},
    {"co", "privateuse"},
};

// Groups of categories: all whose short name begins with this letter.
constexpr CategoryName kGroups[] = {
    {"l", "letter"},      {"m", "mark"},   {"n", "number"},
    {"p", "punctuation"}, {"s", "symbol"}, {"z", "separator"},
};

std::string Fold(std::string_view name) {
  std::string folded;
  for (const char c : name) {
    if (c == '_' || c == '-' || c == ' ') continue;
    folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return folded;
}

// The ranges of `table` whose value `wanted` takes, neighbours joined.
template <typename Wanted>
std::vector<CodeRange> Select(std::span<const CodeRange> table,
                              const Wanted& wanted) {
  std::vector<CodeRange> ranges;
  for (const CodeRange& range : table) {
    if (!wanted(range.value)) continue;
    if (!ranges.empty() && ranges.back().last + 1 == range.first) {
      ranges.back().last = range.last;
    } else {
      ranges.push_back({range.first, range.last});
    }
  }
  return ranges;
}

std::vector<CodeRange> Complement(std::span<const CodeRange> ranges) {
  std::vector<CodeRange> others;
  char32_t next = 0;
  for (const CodeRange& range : ranges) {
    if (range.first > next) others.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLast) others.push_back({next, kLast});
  return others;
}

std::span<const CodeRange> Categories() {
  return {kCategoryRanges, kCategoryRangeCount};
}

std::optional<std::vector<CodeRange>> FindCategory(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kCategories); ++i) {
    if (name != kCategories[i].brief && name != kCategories[i].full) continue;
    return Select(Categories(), [=](std::uint8_t v) { return v == i; });
  }
  for (const CategoryName& group : kGroups) {
    if (name != group.brief && name != group.full) continue;
    return Select(Categories(), [&](std::uint8_t v) {
      return kCategories[v].brief[0] == group.brief[0];
    });
  }
  if (name == "cn" || name == "unassigned") {
    return Complement(Categories());
  }
  return std::nullopt;
}

std::optional<std::vector<CodeRange>> FindScript(const std::string& name) {
  for (std::size_t i = 0; i < kScriptCount; ++i) {
    if (Fold(kScriptNames[i]) != name) continue;
    return Select({kScriptRanges, kScriptRangeCount},
                  [=](std::uint8_t v) { return v == i; });
  }
  return std::nullopt;
}

// The first range of `table` that ends at `code` or behind it.
const CodeRange* FirstNotBefore(std::span<const CodeRange> table,
                                char32_t code) {
  const auto found = std::lower_bound(
      table.begin(), table.end(), code,
      [](const CodeRange& range, char32_t c) { return range.last < c; });
  return table.data() + (found - table.begin());
}

}  // namespace

std::optional<std::vector<CodeRange>> FindProperty(std::string_view name) {
  const std::string folded = Fold(name);
  if (auto category = FindCategory(folded)) return category;
  return FindScript(folded);
}

std::vector<CodeRange> OnigurumaWord(bool fractions) {
  static constexpr char32_t kMore[] = {0xb2, 0xb3, 0xb9, 0xbc, 0xbd, 0xbe};
  std::vector<CodeRange> ranges;
  for (char32_t code = 0; code <= kLast; ++code) {
    const bool joins = code == 0x200c || code == 0x200d;
    const bool more = fractions && std::find(std::begin(kMore), std::end(kMore),
                                             code) != std::end(kMore);
    if (!more && (joins || (WordClassOf(code) & kWord) == 0)) continue;
    if (!ranges.empty() && ranges.back().last + 1 == code) {
      ranges.back().last = code;
    } else {
      ranges.push_back({code, code});
    }
  }
  return ranges;
}

bool IsOldClass(char32_t code, OldClass wanted) {
  const std::span<const CodeRange> table(kOldClassRanges, kOldClassRangeCount);
  const CodeRange* range = FirstNotBefore(table, code);
  return range != table.data() + table.size() && range->first <= code &&
         range->value == static_cast<std::uint8_t>(wanted);
}

std::uint8_t OldScriptOf(char32_t code) {
  const std::span<const CodeRange> table(kOldScriptRanges,
                                         kOldScriptRangeCount);
  const CodeRange* range = FirstNotBefore(table, code);
  const bool found =
      range != table.data() + table.size() && range->first <= code;
  return found ? range->value : kNoScript;
}

}  // namespace pellucid
