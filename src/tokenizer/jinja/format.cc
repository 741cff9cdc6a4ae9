#include "tokenizer/jinja/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "base/utf8.h"
#include "tokenizer/jinja/compare.h"
#include "tokenizer/jinja/show.h"

namespace pellucid::jinja {
namespace {

constexpr std::size_t kMaxWidth = 10000;
constexpr std::size_t kMaxPrecision = 100;

struct Spec {
  bool left = false, centered = false, sign = false, blank = false;
  bool zero = false, alternate = false;
  std::size_t width = 0;
  std::optional<std::size_t> precision = {};
  char type = 's';
};

Error Unsupported(std::string_view format) {
  return TemplateError(
      fmt::format("the format {} is not supported", ReprOf(format)));
}

// A number at `*at`, which moves behind it; nothing if there is none.
std::optional<std::size_t> TakeNumber(std::string_view text, std::size_t* at) {
  std::size_t value = 0;
  const char* begin = text.data() + *at;
  const auto [end, error] =
      std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc() || end == begin) return std::nullopt;
  *at += static_cast<std::size_t>(end - begin);
  return value;
}

// The digits of a number with `spec`, without its sign.
Result<std::string> Digits(const Value& value, const Spec& spec,
                           std::string_view format) {
  const std::string_view integers = "diuxXoc";
  if (integers.find(spec.type) == std::string_view::npos) {
    const double size = std::abs(value.number());
    const std::size_t precision = spec.precision.value_or(6);
    switch (spec.type) {
      case 'f':
      case 'F':
        return fmt::format("{:.{}f}", size, precision);
      case 'e':
        return fmt::format("{:.{}e}", size, precision);
      case 'E':
        return fmt::format("{:.{}E}", size, precision);
      case 'g':
        return fmt::format("{:.{}g}", size, precision);
      case '%':
        return fmt::format("{:.{}f}%", size * 100, precision);
      default:
        return Unsupported(format);
    }
  }
  std::int64_t whole = value.integer();
  if (value.Is(Kind::kFloat)) {
    if (spec.type != 'd' && spec.type != 'i' && spec.type != 'u') {
      return TemplateError(
          fmt::format("%{} format: an integer is required, "
                      "not float",
                      spec.type));
    }
    if (!(std::abs(value.number()) < 9e18)) return Unsupported(format);
    whole = static_cast<std::int64_t>(value.number());
  }
  const auto size = whole < 0 ? 0 - static_cast<std::uint64_t>(whole)
                              : static_cast<std::uint64_t>(whole);
  std::string digits;
  switch (spec.type) {
    case 'x':
      digits = spec.alternate ? fmt::format("{:#x}", size)
                              : fmt::format("{:x}", size);
      break;
    case 'X':
      digits = spec.alternate ? fmt::format("{:#X}", size)
                              : fmt::format("{:X}", size);
      break;
    case 'o':
      digits = spec.alternate ? fmt::format("0o{:o}", size)
                              : fmt::format("{:o}", size);
      break;
    default:
      digits = fmt::format("{}", size);
  }
  const std::size_t least = spec.precision.value_or(0);
  if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  return digits;
}

bool IsNegative(const Value& value) {
  return value.Is(Kind::kFloat) ? std::signbit(value.number())
                                : value.integer() < 0;
}

void AppendPadded(const Text& text, std::string_view sign, const Spec& spec,
                  Text& out) {
  const std::size_t chars = CountChars(text.view()) + sign.size();
  const std::size_t blanks = spec.width > chars ? spec.width - chars : 0;
  const std::size_t before = spec.centered ? blanks / 2
                             : spec.left   ? 0
                                           : blanks;
  if (spec.zero && !spec.left && !spec.centered) {
    out.Append(sign);
    out.Append(std::string(blanks, '0'));
    out.Append(text);
    return;
  }
  out.Append(std::string(before, ' '));
  out.Append(sign);
  out.Append(text);
  out.Append(std::string(blanks - before, ' '));
}

Status AppendNumber(const Value& value, const Spec& spec,
                    std::string_view format, Text& out) {
  if (!value.IsNumber()) {
    return TemplateError(fmt::format("%{} format: a number is required, not {}",
                                     spec.type, TypeName(value)));
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::string digits,
                            Digits(value, spec, format));
  const std::string_view sign = IsNegative(value) ? "-"
                                : spec.sign       ? "+"
                                : spec.blank      ? " "
                                                  : "";
  AppendPadded(Text(digits), sign, spec, out);
  return {};
}

Status AppendText(Text text, const Spec& spec, Text& out) {
  if (spec.precision) {
    const std::vector<std::size_t> offsets = CharOffsets(text.view());
    if (*spec.precision + 1 < offsets.size()) {
      text = text.Slice(0, offsets[*spec.precision]);
    }
  }
  Spec padding = spec;
  padding.zero = false;
  AppendPadded(text, "", padding, out);
  return {};
}

Status AppendConverted(const Value& value, const Spec& spec,
                       std::string_view format, Heap& heap, Text& out) {
  PELLUCID_RETURN_IF_ERROR(heap.Ask(kNodeWork + spec.width));
  if (spec.type == 's' || spec.type == 'r' || spec.type == 'a') {
    Text text;
    PELLUCID_RETURN_IF_ERROR(spec.type == 's' ? AppendStr(value, heap, text)
                                              : AppendRepr(value, heap, text));
    return AppendText(std::move(text), spec, out);
  }
  if (spec.type == 'c') return Unsupported(format);
  return AppendNumber(value, spec, format, out);
}

// The values of a "%" one after another.
class Values {
 public:
  Values(const Value& values, std::string_view format)
      : values_(values), format_(format) {
    is_tuple_ =
        values.Is(Kind::kList) && values.list().kind == ListKind::kTuple;
  }

  Result<Value> Next() {
    const std::size_t count = is_tuple_ ? values_.list().items.size() : 1;
    if (next_ >= count) {
      return TemplateError("not enough arguments for format string");
    }
    const std::size_t i = next_++;
    return is_tuple_ ? values_.list().items[i] : values_;
  }

  Result<Value> Named(std::string_view name) {
    if (!values_.Is(Kind::kDict)) {
      return TemplateError("format requires a mapping");
    }
    next_ = 1;
    const Value* value = values_.dict().Find(name);
    if (value != nullptr) return *value;
    return TemplateError(fmt::format("KeyError: {}", ReprOf(name)));
  }

  Status Finish() const {
    // What has elements may be there for its names.
    const bool may_stay = values_.Is(Kind::kDict) ||
                          values_.Is(Kind::kUndefined) ||
                          (values_.Is(Kind::kList) && !is_tuple_);
    const std::size_t count = is_tuple_ ? values_.list().items.size() : 1;
    if (next_ >= count || may_stay) return {};
    return TemplateError(
        "not all arguments converted during string formatting");
  }

 private:
  const Value& values_;
  std::string_view format_;
  bool is_tuple_ = false;
  std::size_t next_ = 0;
};

Result<std::size_t> BoundedNumber(std::string_view format, std::size_t* at,
                                  std::size_t most) {
  const auto number = TakeNumber(format, at);
  if (number && *number > most) {
    return TemplateError(
        fmt::format("a format is {} wide, at most {} are "
                    "supported",
                    *number, most));
  }
  return number.value_or(0);
}

// What stands behind a "%" or "%(name)".
Result<Spec> ReadPercentSpec(std::string_view format, std::size_t* at) {
  Spec spec;
  for (; *at < format.size(); ++*at) {
    const char c = format[*at];
    if (c == '-') {
      spec.left = true;
    } else if (c == '+') {
      spec.sign = true;
    } else if (c == ' ') {
      spec.blank = true;
    } else if (c == '0') {
      spec.zero = true;
    } else if (c == '#') {
      spec.alternate = true;
    } else {
      break;
    }
  }
  PELLUCID_ASSIGN_OR_RETURN(spec.width, BoundedNumber(format, at, kMaxWidth));
  if (*at < format.size() && format[*at] == '.') {
    ++*at;
    PELLUCID_ASSIGN_OR_RETURN(spec.precision,
                              BoundedNumber(format, at, kMaxPrecision));
  }
  if (*at >= format.size()) return TemplateError("incomplete format");
  spec.type = format[(*at)++];
  return spec;
}

// "[[fill]align][sign][0][width][.precision][type]" without a fill.
Result<Spec> ReadBraceSpec(std::string_view format, const Value& value) {
  Spec spec;
  spec.left = !value.IsNumber();
  spec.type = 's';
  std::size_t at = 0;
  if (at < format.size() &&
      (format[at] == '<' || format[at] == '>' || format[at] == '^')) {
    spec.left = format[at] == '<';
    spec.centered = format[at] == '^';
    ++at;
  }
  if (at < format.size() && format[at] == '+') {
    spec.sign = true;
    ++at;
  }
  if (at < format.size() && format[at] == '0') {
    spec.zero = true;
    ++at;
  }
  PELLUCID_ASSIGN_OR_RETURN(spec.width, BoundedNumber(format, &at, kMaxWidth));
  if (at < format.size() && format[at] == '.') {
    ++at;
    PELLUCID_ASSIGN_OR_RETURN(spec.precision,
                              BoundedNumber(format, &at, kMaxPrecision));
  }
  if (at < format.size()) {
    spec.type = format[at++];
    const bool known =
        std::string_view("sdxXofFeEg%").find(spec.type) != std::string::npos;
    if (!known || (spec.type == 's') != value.Is(Kind::kText) ||
        (value.Is(Kind::kFloat) &&
         std::string_view("dxXo").find(spec.type) != std::string::npos)) {
      return Unsupported(format);
    }
  } else if (value.Is(Kind::kInt)) {
    spec.type = 'd';
  } else if (!format.empty() && !value.Is(Kind::kText)) {
    return Unsupported(format);
  }
  if (at != format.size()) return Unsupported(format);
  return spec;
}

struct Field {
  std::string_view name;
  char conversion = 0;  // 's' or 'r'
  std::string_view spec;
};

// The inside of a pair of braces.
Result<Field> ReadField(std::string_view inside) {
  Field field;
  const std::size_t colon = inside.find(':');
  if (colon != std::string_view::npos) field.spec = inside.substr(colon + 1);
  field.name = inside.substr(0, colon);
  const std::size_t mark = field.name.find('!');
  if (mark != std::string_view::npos) {
    if (mark + 2 != field.name.size()) return Unsupported(inside);
    field.conversion = field.name[mark + 1];
    if (field.conversion != 's' && field.conversion != 'r') {
      return Unsupported(inside);
    }
    field.name = field.name.substr(0, mark);
  }
  if (field.name.find_first_of(".[{") != std::string_view::npos ||
      field.spec.find('{') != std::string_view::npos) {
    return Unsupported(inside);
  }
  return field;
}

}  // namespace

Result<Text> FormatPercent(const Text& format, const Value& values,
                           Heap& heap) {
  Text out;
  Values rest(values, format.view());
  std::size_t done = 0;
  while (true) {
    const std::size_t percent = format.view().find('%', done);
    const std::size_t end = std::min(percent, format.size());
    out.Append(format, done, end);
    if (end == format.size()) break;
    std::size_t at = end + 1;
    std::optional<std::string_view> name;
    if (at < format.size() && format.bytes[at] == '(') {
      const std::size_t close = format.view().find(')', at);
      if (close == std::string_view::npos) {
        return TemplateError("incomplete format key");
      }
      name = format.view().substr(at + 1, close - at - 1);
      at = close + 1;
    }
    PELLUCID_ASSIGN_OR_RETURN(const Spec spec,
                              ReadPercentSpec(format.view(), &at));
    done = at;
    if (spec.type == '%') {
      out.Append("%");
      continue;
    }
    PELLUCID_ASSIGN_OR_RETURN(const Value value,
                              name ? rest.Named(*name) : rest.Next());
    PELLUCID_RETURN_IF_ERROR(
        AppendConverted(value, spec, format.view(), heap, out));
  }
  PELLUCID_RETURN_IF_ERROR(rest.Finish());
  return out;
}

Result<Text> FormatBraces(
    const Text& format, std::span<const Value> positional,
    std::span<const std::pair<std::string_view, Value>> named, Heap& heap) {
  Text out;
  const std::string_view text = format.view();
  std::size_t next = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      const std::size_t end =
          std::min(text.find_first_of("{}", at), text.size());
      out.Append(format, at, end);
      at = end;
      continue;
    }
    if (at + 1 < text.size() && text[at + 1] == c) {
      out.Append(text.substr(at, 1));
      at += 2;
      continue;
    }
    const std::size_t close = text.find('}', at);
    if (c == '}' || close == std::string_view::npos) {
      return TemplateError("a single brace in a format string");
    }
    PELLUCID_ASSIGN_OR_RETURN(const Field field,
                              ReadField(text.substr(at + 1, close - at - 1)));
    at = close + 1;
    const Value* value = nullptr;
    std::size_t behind = 0;
    const auto number = TakeNumber(field.name, &behind);
    if (number && next > 0) {
      return TemplateError(
          "a format has fields with numbers and fields without");
    }
    if (field.name.empty() || (number && behind == field.name.size())) {
      const std::size_t index = field.name.empty() ? next++ : *number;
      if (index < positional.size()) value = &positional[index];
    } else {
      for (const auto& [name, candidate] : named) {
        if (name == field.name) value = &candidate;
      }
    }
    if (value == nullptr) {
      return TemplateError(
          fmt::format("no value for the format field {}", ReprOf(field.name)));
    }
    Value shown = *value;
    if (field.conversion == 'r') {
      Text repr;
      PELLUCID_RETURN_IF_ERROR(AppendRepr(*value, heap, repr));
      shown = heap.Make(std::move(repr));
    } else if (field.conversion == 's') {
      PELLUCID_ASSIGN_OR_RETURN(Text str, StrOf(*value, heap));
      shown = heap.Make(std::move(str));
    }
    PELLUCID_ASSIGN_OR_RETURN(const Spec spec,
                              ReadBraceSpec(field.spec, shown));
    PELLUCID_RETURN_IF_ERROR(
        AppendConverted(shown, spec, field.spec, heap, out));
  }
  return out;
}

}  // namespace pellucid::jinja
