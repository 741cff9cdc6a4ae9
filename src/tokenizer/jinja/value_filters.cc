#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "tokenizer/jinja/arithmetic.h"
#include "tokenizer/jinja/attributes.h"
#include "tokenizer/jinja/filters.h"

namespace pellucid::jinja {
namespace {

Result<Value> Default(const FilterCall& call) {
  const Value& value = call.value;
  const bool replaced =
      value.Is(Kind::kUndefined) || (call.bound.Flag(1) && !IsTrue(value));
  if (!replaced) return value;
  return call.bound.Has(0) ? call.bound.At(0) : call.heap.Make("");
}

// A text as Python's int() and float() read it: without blanks around, digits
// with single underscores between. Nothing where it is none.
std::optional<std::string> NumberText(std::string_view text) {
  const ByteRange range = Stripped(text, {}, true, true);
  text = text.substr(range.begin, range.end - range.begin);
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    const auto is_digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '9';
    };
    if (i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) return std::nullopt;
  }
  if (plain.starts_with('+')) plain.erase(0, 1);
  if (plain.starts_with('+') || plain.starts_with("+-")) return std::nullopt;
  return plain;
}

std::optional<double> ParseFloat(std::string_view text) {
  const auto plain = NumberText(text);
  if (!plain || plain->empty()) return std::nullopt;
  double number = 0;
  const char* end = plain->data() + plain->size();
  const auto [stop, error] = std::from_chars(plain->data(), end, number);
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    const bool small = plain->find("e-") != std::string::npos ||
                       plain->find("E-") != std::string::npos;
    const double size = small ? 0.0 : HUGE_VAL;
    return plain->starts_with('-') ? -size : size;
  }
  if (error != std::errc()) return std::nullopt;
  return number;
}

// int() of a float; nothing: not finite.
Result<std::optional<Value>> Truncated(double number) {
  if (!std::isfinite(number)) return std::optional<Value>();
  if (!(std::abs(number) < 9223372036854775808.0)) return TooLarge();
  return std::optional(Value(static_cast<std::int64_t>(number)));
}

Result<Value> Int(const FilterCall& call) {
  const Value fallback = call.bound.AtOr(0, Value(std::int64_t{0}));
  const Value& value = call.value;
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t base, call.bound.Integer(1, 10));
  if (value.Is(Kind::kUndefined)) return UndefinedError(value);
  if (value.IsInteger()) return Value(value.integer());
  if (value.Is(Kind::kFloat)) {
    PELLUCID_ASSIGN_OR_RETURN(const auto whole, Truncated(value.number()));
    return whole.value_or(fallback);
  }
  if (!value.Is(Kind::kText)) return fallback;
  if (const auto plain = NumberText(value.view());
      plain && base >= 2 && base <= 36) {
    std::string_view digits = *plain;
    std::int64_t number = 0;
    const std::string prefix = base == 16 ? "0x" : base == 8 ? "0o" : "0b";
    if ((base == 16 || base == 8 || base == 2) && digits.starts_with(prefix)) {
      digits.remove_prefix(2);
    }
    const char* end = digits.data() + digits.size();
    const auto [stop, error] =
        std::from_chars(digits.data(), end, number, static_cast<int>(base));
    if (stop == end && error == std::errc()) return Value(number);
    if (error == std::errc::result_out_of_range) return TooLarge();
  }
  const auto number = ParseFloat(value.view());
  if (!number) return fallback;
  PELLUCID_ASSIGN_OR_RETURN(const auto whole, Truncated(*number));
  return whole.value_or(fallback);
}

Result<Value> Float(const FilterCall& call) {
  const Value& value = call.value;
  if (value.Is(Kind::kUndefined)) return UndefinedError(value);
  if (value.IsNumber()) return Value(value.number());
  if (value.Is(Kind::kText)) {
    if (const auto number = ParseFloat(value.view())) return Value(*number);
  }
  return call.bound.AtOr(0, Value(0.0));
}

Result<Value> Abs(const FilterCall& call) {
  const Value& value = call.value;
  if (value.Is(Kind::kUndefined)) return UndefinedError(value);
  if (!value.IsNumber()) {
    return TemplateError(
        fmt::format("bad operand type for abs(): '{}'", TypeName(value)));
  }
  if (value.Is(Kind::kFloat)) return Value(std::abs(value.number()));
  return value.integer() < 0 ? Negate(value) : Affirm(value);
}

// Halves to even, as Python rounds, by the decimal that the float is.
Result<Value> Round(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t digits,
                            call.bound.Integer(0, 0));
  PELLUCID_ASSIGN_OR_RETURN(const Text* method, call.bound.TextOrNull(1));
  const std::string_view how = method == nullptr ? "common" : method->view();
  const Value& value = call.value;
  if (value.Is(Kind::kUndefined)) return UndefinedError(value);
  if (!value.IsNumber()) {
    return TemplateError(
        fmt::format("round: '{}' is no number", TypeName(value)));
  }
  constexpr std::int64_t kMost = 300;
  if (digits < -kMost || digits > kMost) {
    return TemplateError("round: more than 300 digits are not supported");
  }
  if (how == "ceil" || how == "floor") {
    const double scale = std::pow(10.0, static_cast<double>(digits));
    const double scaled = value.number() * scale;
    return Value((how == "ceil" ? std::ceil(scaled) : std::floor(scaled)) /
                 scale);
  }
  if (how != "common") {
    return TemplateError("round: the method is common, ceil or floor");
  }
  if (value.IsInteger() && digits >= 0) return Value(value.integer());
  if (value.IsInteger() || digits < 0) {
    const double scale = std::pow(10.0, static_cast<double>(-digits));
    const double rounded = std::nearbyint(value.number() / scale) * scale;
    if (!value.IsInteger()) return Value(rounded);
    PELLUCID_ASSIGN_OR_RETURN(const auto whole, Truncated(rounded));
    return whole.value_or(value);
  }
  if (!std::isfinite(value.number())) return value;
  const std::string text = fmt::format("{:.{}f}", value.number(), digits);
  double rounded = 0;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return Value(rounded);
}

Result<Value> Length(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t length,
                            LengthOf(call.value, call.heap));
  return Value(length);
}

Result<Value> Items(const FilterCall& call) {
  std::vector<Value> items;
  if (!call.value.Is(Kind::kUndefined)) {
    if (!call.value.Is(Kind::kDict)) {
      return TemplateError("items: Can only get item pairs from a mapping");
    }
    for (const auto& [key, value] : call.value.dict().items) {
      items.push_back(call.heap.Make({key, value}, ListKind::kTuple));
    }
  }
  return call.heap.Make(std::move(items), ListKind::kGenerator);
}

// The attribute, but never the element of that name.
Result<Value> Attr(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Text* name, call.bound.TextOrNull(0));
  if (name == nullptr) return TemplateError("attr: a name is expected");
  if (call.value.Is(Kind::kDict) &&
      call.value.dict().Find(name->view()) != nullptr) {
    const Value none = call.heap.Make(Dict());
    return GetAttribute(none, name->view(), call.heap);
  }
  return GetAttribute(call.value, name->view(), call.heap);
}

}  // namespace

std::span<const Filter> ValueFilters() {
  static const auto* const kFilters = new std::vector<Filter>{
      {"default", Default, 0, {"default_value", "boolean"}},
      {"d", Default, 0, {"default_value", "boolean"}},
      {"int", Int, 0, {"default", "base"}},
      {"float", Float, 0, {"default"}},
      {"abs", Abs},
      {"round", Round, 0, {"precision", "method"}},
      {"length", Length},
      {"count", Length},
      {"items", Items},
      {"attr", Attr, 1, {"name"}},
  };
  return *kFilters;
}

}  // namespace pellucid::jinja
