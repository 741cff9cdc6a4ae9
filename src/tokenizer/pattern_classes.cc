#include "tokenizer/pattern_classes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "tokenizer/unicode_property.h"

namespace pellucid {
namespace {

// Half of a surrogate pair is no character of UTF-8, and none of a pattern.
constexpr char32_t kFirstSurrogate = 0xd800, kLastSurrogate = 0xdfff;

void AppendClass(std::span<const CodeRange> ranges, bool negated,
                 std::string& out) {
  out += negated ? "[^" : "[";
  for (const CodeRange& range : ranges) {
    if (range.first >= kFirstSurrogate && range.last <= kLastSurrogate) {
      continue;
    }
    fmt::format_to(std::back_inserter(out), "\\x{{{:x}}}-\\x{{{:x}}}",
                   static_cast<std::uint32_t>(range.first),
                   static_cast<std::uint32_t>(range.last));
  }
  out += ']';
}

// A class as it stands at the beginning of `rest`, which is an escape.
struct Class {
  std::vector<CodeRange> ranges;
  bool negated = false;
  std::size_t bytes = 0;
};

// \p{name}, \p{^name}, \P{name}.
std::optional<Class> ReadProperty(std::string_view rest) {
  const std::size_t end = rest.find('}');
  if (rest.size() < 3 || rest[2] != '{' || end == rest.npos) {
    return std::nullopt;
  }
  std::string_view name = rest.substr(3, end - 3);
  bool negated = rest[1] == 'P';
  if (name.starts_with('^')) {
    name.remove_prefix(1);
    negated = !negated;
  }
  auto ranges = FindProperty(name);
  if (!ranges) return std::nullopt;
  return Class{std::move(*ranges), negated, end + 1};
}

// \w is six characters more outside of brackets (formats 6.12.9).
const std::vector<CodeRange>& Word(bool in_brackets) {
  static const std::vector<CodeRange> outside = OnigurumaWord(true);
  static const std::vector<CodeRange> inside = OnigurumaWord(false);
  return in_brackets ? inside : outside;
}

std::optional<Class> ReadClass(std::string_view rest, bool in_brackets) {
  switch (rest[1]) {
    case 'p':
    case 'P':
      return ReadProperty(rest);
    case 'w':
    case 'W':
      return Class{Word(in_brackets), rest[1] == 'W', 2};
    case 'd':
    case 'D':
      return Class{FindProperty("Nd").value(), rest[1] == 'D', 2};
    default:
      return std::nullopt;
  }
}

// Follows how deep in brackets a place of the pattern is.
class Brackets {
 public:
  bool inside() const { return depth_ > 0; }

  // Bytes that the bracket, or whatever stands at the beginning of `rest`,
  // takes together.
  std::size_t Read(std::string_view rest) {
    if (rest[0] == '[') {
      if (inside() && rest.starts_with("[:")) {  // [:alpha:]
        const std::size_t end = rest.find(":]");
        if (end != rest.npos) return end + 2;
      }
      ++depth_;
      std::size_t bytes = rest.starts_with("[^") ? 2 : 1;
      if (rest.substr(bytes).starts_with(']')) ++bytes;  // stands for itself
      return bytes;
    }
    if (rest[0] == ']' && inside()) --depth_;
    return 1;
  }

 private:
  int depth_ = 0;
};

// "(?W)" and its kin, which make classes those of ASCII alone.
bool HasAsciiOptions(std::string_view pattern) {
  constexpr std::string_view kOptions = "imxaWDSPyg{}-";
  for (std::size_t at = pattern.find("(?"); at != pattern.npos;
       at = pattern.find("(?", at + 2)) {
    const std::string_view rest = pattern.substr(at + 2);
    const std::string_view options =
        rest.substr(0, std::min(rest.find_first_not_of(kOptions), rest.size()));
    if (options.find_first_of("aWDP") != options.npos) return true;
  }
  return false;
}

}  // namespace

std::string PinClasses(std::string_view pattern, std::size_t most) {
  if (HasAsciiOptions(pattern)) return std::string(pattern);
  std::string pinned;
  Brackets brackets;
  for (std::size_t at = 0; at < pattern.size() && pinned.size() <= most;) {
    const std::string_view rest = pattern.substr(at);
    std::size_t bytes = 0;
    if (rest[0] != '\\' || rest.size() == 1) {
      bytes = brackets.Read(rest);
      pinned.append(rest.substr(0, bytes));
    } else if (const auto found = ReadClass(rest, brackets.inside())) {
      bytes = found->bytes;
      AppendClass(found->ranges, found->negated, pinned);
    } else {
      bytes = 2;
      pinned.append(rest.substr(0, bytes));
    }
    at += bytes;
  }
  return pinned;
}

}  // namespace pellucid
