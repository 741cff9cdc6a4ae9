#include "tokenizer/jinja/arithmetic.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "tokenizer/jinja/format.h"

namespace pellucid::jinja {
namespace {

std::string_view SignOf(Op op) {
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSubtract:
      return "-";
    case Op::kMultiply:
      return "*";
    case Op::kDivide:
      return "/";
    case Op::kFloorDivide:
      return "//";
    case Op::kModulo:
      return "%";
    case Op::kPower:
      return "**";
  }
  return "?";
}

Error DividedByZero() { return TemplateError("division by zero"); }

Result<Value> PowerOf(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return DividedByZero();
    return Value(
        std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  std::int64_t power = 1;
  while (exponent > 0) {
    if (exponent % 2 == 1 && __builtin_mul_overflow(power, base, &power)) {
      return TooLarge();
    }
    exponent /= 2;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) {
      return TooLarge();
    }
  }
  return Value(power);
}

Result<Value> ComputeIntegers(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool overflow = false;
  switch (op) {
    case Op::kAdd:
      overflow = __builtin_add_overflow(a, b, &out);
      break;
    case Op::kSubtract:
      overflow = __builtin_sub_overflow(a, b, &out);
      break;
    case Op::kMultiply:
      overflow = __builtin_mul_overflow(a, b, &out);
      break;
    case Op::kDivide:
      if (b == 0) return DividedByZero();
      return Value(static_cast<double>(a) / static_cast<double>(b));
    case Op::kFloorDivide:
    case Op::kModulo:
      if (b == 0) return DividedByZero();
      if (b == -1) {  // the one quotient that may overflow
        if (op == Op::kModulo) return Value(std::int64_t{0});
        overflow = __builtin_sub_overflow(std::int64_t{0}, a, &out);
        break;
      }
      // Rounded down, and the rest has the sign of b.
      out = op == Op::kModulo ? a % b : a / b;
      if (a % b != 0 && (a < 0) != (b < 0)) {
        out += op == Op::kModulo ? b : std::int64_t{-1};
      }
      break;
    case Op::kPower:
      return PowerOf(a, b);
  }
  if (overflow) return TooLarge();
  return Value(out);
}

// Floor and rest of a division of floats, as Python computes them.
std::pair<double, double> FloorAndRest(double a, double b) {
  double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0) {
    if ((b < 0) != (rest < 0)) {
      rest += b;
      quotient -= 1;
    }
  } else {
    rest = std::copysign(0.0, b);
  }
  if (quotient == 0) return {std::copysign(0.0, a / b), rest};
  double floor = std::floor(quotient);
  if (quotient - floor > 0.5) floor += 1;
  return {floor, rest};
}

Result<Value> ComputeFloats(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd:
      return Value(a + b);
    case Op::kSubtract:
      return Value(a - b);
    case Op::kMultiply:
      return Value(a * b);
    case Op::kDivide:
      if (b == 0) return DividedByZero();
      return Value(a / b);
    case Op::kFloorDivide:
      if (b == 0) return DividedByZero();
      return Value(FloorAndRest(a, b).first);
    case Op::kModulo:
      if (b == 0) return DividedByZero();
      return Value(FloorAndRest(a, b).second);
    case Op::kPower:
      break;
  }
  if (a == 0 && b < 0) return DividedByZero();
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) {
    return TemplateError("a power that is a complex number");
  }
  const double power = std::pow(a, b);
  if (std::isinf(power) && std::isfinite(a) && std::isfinite(b)) {
    return TemplateError("a power beyond the largest float");
  }
  return Value(power);
}

Result<Value> RepeatText(const Text& text, std::int64_t times, Heap& heap) {
  Text out;
  if (times <= 0 || text.size() == 0) return heap.Make(std::move(out));
  const auto count = static_cast<std::size_t>(times);
  if (count > heap.rest() / text.size()) {
    PELLUCID_RETURN_IF_ERROR(heap.Ask(SIZE_MAX));
  }
  PELLUCID_RETURN_IF_ERROR(heap.Ask(count * (1 + kNodeWork)));
  for (std::size_t i = 0; i < count; ++i) out.Append(text);
  return heap.Make(std::move(out));
}

Result<Value> RepeatList(const List& list, std::int64_t times, Heap& heap) {
  std::vector<Value> out;
  if (times <= 0 || list.items.empty()) {
    return heap.Make(std::move(out), list.kind);
  }
  const auto count = static_cast<std::size_t>(times);
  const std::size_t one = kNodeWork * list.items.size();
  if (count > heap.rest() / one) PELLUCID_RETURN_IF_ERROR(heap.Ask(SIZE_MAX));
  PELLUCID_RETURN_IF_ERROR(heap.Ask(count * one));
  for (std::size_t i = 0; i < count; ++i) {
    out.insert(out.end(), list.items.begin(), list.items.end());
  }
  return heap.Make(std::move(out), list.kind);
}

bool IsRepeatable(const Value& value) {
  return value.Is(Kind::kText) ||
         (value.Is(Kind::kList) && (value.list().kind == ListKind::kList ||
                                    value.list().kind == ListKind::kTuple));
}

Result<Value> Join(const List& a, const List& b, Heap& heap) {
  PELLUCID_RETURN_IF_ERROR(
      heap.Ask(kNodeWork * (a.items.size() + b.items.size())));
  std::vector<Value> items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return heap.Make(std::move(items), a.kind);
}

Error WrongOperands(Op op, const Value& a, const Value& b) {
  return TemplateError(
      fmt::format("unsupported operand types for {}: '{}' and '{}'", SignOf(op),
                  TypeName(a), TypeName(b)));
}

}  // namespace

Error TooLarge() {
  return TemplateError("an integer that does not fit into 64 bits");
}

Result<Value> Compute(Op op, const Value& a, const Value& b, Heap& heap) {
  if (op == Op::kModulo && a.Is(Kind::kText)) {
    PELLUCID_ASSIGN_OR_RETURN(Text text, FormatPercent(a.text(), b, heap));
    return heap.Make(std::move(text));
  }
  if (a.Is(Kind::kUndefined)) return UndefinedError(a);
  if (b.Is(Kind::kUndefined)) return UndefinedError(b);
  if (a.IsInteger() && b.IsInteger()) {
    return ComputeIntegers(op, a.integer(), b.integer());
  }
  if (a.IsNumber() && b.IsNumber()) {
    return ComputeFloats(op, a.number(), b.number());
  }
  if (op == Op::kAdd && a.Is(Kind::kText) && b.Is(Kind::kText)) {
    PELLUCID_RETURN_IF_ERROR(heap.Ask(a.text().size() + b.text().size()));
    Text out = a.text();
    out.Append(b.text());
    return heap.Make(std::move(out));
  }
  if (op == Op::kAdd && IsRepeatable(a) && a.Is(Kind::kList) &&
      b.Is(Kind::kList) && a.list().kind == b.list().kind) {
    return Join(a.list(), b.list(), heap);
  }
  if (op == Op::kMultiply) {
    const bool turned = a.IsInteger();
    const Value &what = turned ? b : a, &times = turned ? a : b;
    if (times.IsInteger() && IsRepeatable(what)) {
      return what.Is(Kind::kText)
                 ? RepeatText(what.text(), times.integer(), heap)
                 : RepeatList(what.list(), times.integer(), heap);
    }
  }
  return WrongOperands(op, a, b);
}

Result<Value> Negate(const Value& value) {
  if (value.Is(Kind::kUndefined)) return UndefinedError(value);
  if (value.Is(Kind::kFloat)) return Value(-value.number());
  if (!value.IsInteger()) {
    return TemplateError(
        fmt::format("bad operand type for unary -: '{}'", TypeName(value)));
  }
  return ComputeIntegers(Op::kSubtract, 0, value.integer());
}

Result<Value> Affirm(const Value& value) {
  if (value.Is(Kind::kUndefined)) return UndefinedError(value);
  if (value.Is(Kind::kFloat)) return value;
  if (!value.IsInteger()) {
    return TemplateError(
        fmt::format("bad operand type for unary +: '{}'", TypeName(value)));
  }
  return Value(value.integer());
}

}  // namespace pellucid::jinja
