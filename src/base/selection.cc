#include "pellucid/selection.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

#include "base/quote.h"
#include "fmt/format.h"

namespace pellucid {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

struct Number {
  std::int64_t value = 0;
  bool clipped = false;  // the text is beyond 64 bits
};

// A whole number with an optional '-'. What does not fit is clipped, to +-
// kMost: a slice that far out is clipped in any case.
std::optional<Number> ReadNumber(std::string_view text) {
  Number number;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number.value);
  if (error == std::errc::invalid_argument || stop != end) return std::nullopt;
  number.clipped = error == std::errc::result_out_of_range;
  if (number.clipped) number.value = text.front() == '-' ? -kMost : kMost;
  number.value = std::max(number.value, -kMost);  // so that -value exists
  return number;
}

// The parts of `text` between `separator`s, at least one.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

Error BadItem(std::string_view what, std::string_view text,
              std::string_view item, bool allow_embed) {
  return UsageError(fmt::format(
      "{}: \"{}\": {} neither an index nor a slice; write \"all\", "
      "\"last\", {}an index such as 4 or -1, a slice such as 0:30:4, or "
      "several with commas and without blanks",
      what, Quote(text),
      item == text ? std::string("is") : fmt::format("\"{}\" is", Quote(item)),
      allow_embed ? "\"embed\", " : ""));
}

// Where a slice over n things begins and in what steps it goes: Python's
// slice.indices(n).
struct Walk {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

Walk WalkOf(std::optional<std::int64_t> start, std::optional<std::int64_t> stop,
            std::int64_t step, std::int64_t n) {
  const std::int64_t low = step > 0 ? 0 : -1;
  const std::int64_t high = step > 0 ? n : n - 1;
  const auto clip = [&](std::int64_t bound) {
    return bound < 0 ? std::max(bound + n, low) : std::min(bound, high);
  };
  const std::int64_t first = start ? clip(*start) : (step > 0 ? low : high);
  const std::int64_t end = stop ? clip(*stop) : (step > 0 ? high : low);
  const std::int64_t span = step > 0 ? end - first : first - end;
  if (span <= 0) return {};
  return {first, (span - 1) / (step > 0 ? step : -step) + 1};
}

}  // namespace

Selection Selection::Last() { return Of({-1}); }

Selection Selection::Of(std::vector<std::int64_t> indices) {
  Selection selection;
  for (const std::int64_t index : indices) {
    selection.items_.push_back({.start = index});
  }
  // No item means everything; an empty list is an empty slice.
  if (indices.empty()) {
    selection.items_.push_back({.is_slice = true, .start = 0, .stop = 0});
  }
  return selection;
}

Result<Selection::Item> Selection::ParseItem(std::string_view item,
                                             std::string_view text,
                                             std::string_view what,
                                             bool allow_embed) {
  if (item == "all") {  // Parse took the one that stands alone
    return UsageError(fmt::format(
        "{}: \"{}\": \"all\" stands alone; leave out the rest, or \"all\"",
        what, Quote(text)));
  }
  if (item == "last") return Item{.start = -1};
  const auto parts = Split(item, ':');
  if (parts.size() > 3) return BadItem(what, text, item, allow_embed);
  std::optional<std::int64_t> bounds[3];
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty() && parts.size() > 1) continue;  // as in "3:"
    const std::optional<Number> number = ReadNumber(parts[i]);
    if (!number) return BadItem(what, text, item, allow_embed);
    if (number->clipped && parts.size() == 1) {
      return UsageError(
          fmt::format("{}: index {} is out of range", what, Quote(item)));
    }
    bounds[i] = number->value;
  }
  if (bounds[2] == 0) {
    return UsageError(fmt::format(
        "{}: \"{}\": the step of slice \"{}\" is 0; give another one", what,
        Quote(text), Quote(item)));
  }
  return Item{.is_slice = parts.size() > 1,
              .start = bounds[0],
              .stop = bounds[1],
              .step = bounds[2].value_or(1)};
}

Result<Selection> Selection::Parse(std::string_view text, std::string_view what,
                                   bool allow_embed) {
  Selection selection;
  selection.what_ = what;
  if (text == "all") return selection;
  for (const std::string_view item : Split(text, ',')) {
    if (item == "embed" && allow_embed) {
      selection.embed_ = true;
      continue;
    }
    PELLUCID_ASSIGN_OR_RETURN(const Item parsed,
                              ParseItem(item, text, what, allow_embed));
    selection.items_.push_back(parsed);
  }
  return selection;
}

std::string Selection::Text() const {
  if (IsDefault()) return "all";
  std::string text = embed_ ? "embed" : "";
  for (const Item& item : items_) {
    if (!text.empty()) text += ',';
    const auto bound = [](const std::optional<std::int64_t>& at) {
      return at ? fmt::format("{}", *at) : std::string();
    };
    text += bound(item.start);
    if (item.is_slice) text += ":" + bound(item.stop);
    if (item.step != 1) text += fmt::format(":{}", item.step);
  }
  return text;
}

Result<std::vector<std::size_t>> Selection::Resolve(std::size_t n) const {
  const auto count = static_cast<std::int64_t>(n);
  std::vector<bool> chosen(n, IsDefault());
  for (const Item& item : items_) {
    if (item.is_slice) {
      const Walk walk = WalkOf(item.start, item.stop, item.step, count);
      for (std::int64_t i = 0; i < walk.count; ++i) {
        chosen[static_cast<std::size_t>(walk.first + i * item.step)] = true;
      }
      continue;
    }
    const std::int64_t index = *item.start;
    if (index >= count || index < -count) {
      return UsageError(
          n == 0 ? fmt::format("{}: index {} is out of range: there is nothing "
                               "to choose from",
                               what_, index)
                 : fmt::format("{}: index {} is out of range; there are {}, "
                               "numbered 0 to {} or -{} to -1",
                               what_, index, n, n - 1, n));
    }
    chosen[static_cast<std::size_t>(index < 0 ? index + count : index)] = true;
  }
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < n; ++i) {
    if (chosen[i]) indices.push_back(i);
  }
  if (indices.empty() && !embed_) {
    return UsageError(fmt::format(
        "{}: nothing is chosen out of {}; widen the selection", what_, n));
  }
  return indices;
}

}  // namespace pellucid
