#include "tokenizer/jinja/predicates.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/quote.h"
#include "tokenizer/jinja/arithmetic.h"
#include "tokenizer/jinja/compare.h"
#include "tokenizer/jinja/filters.h"
#include "tokenizer/jinja/methods.h"
#include "tokenizer/jinja/show.h"

namespace pellucid::jinja {
namespace {

// Tests of one value.
constexpr std::string_view kUnary[] = {
    "defined",  "undefined", "none",    "boolean", "false",   "true",
    "integer",  "float",     "number",  "string",  "mapping", "sequence",
    "iterable", "callable",  "escaped", "odd",     "even",    "lower",
    "upper",    "filter",    "test"};
// Tests that compare with another, and what they are.
struct Binary {
  std::string_view name, is;
};
constexpr Binary kBinary[] = {
    {"==", "=="},         {"eq", "=="},      {"equalto", "=="},
    {"!=", "!="},         {"ne", "!="},      {"<", "<"},
    {"lt", "<"},          {"lessthan", "<"}, {"<=", "<="},
    {"le", "<="},         {">", ">"},        {"gt", ">"},
    {"greaterthan", ">"}, {">=", ">="},      {"ge", ">="},
    {"in", "in"},         {"sameas", "is"},  {"divisibleby", "%"}};

std::string_view BinaryOf(std::string_view name) {
  for (const Binary& test : kBinary) {
    if (test.name == name) return test.is;
  }
  return "";
}

bool HasTest(std::string_view name) {
  return !BinaryOf(name).empty() ||
         std::find(std::begin(kUnary), std::end(kUnary), name) !=
             std::end(kUnary);
}

bool IsSequence(const Value& value) {
  if (value.Is(Kind::kList)) {
    const ListKind kind = value.list().kind;
    return kind != ListKind::kView && kind != ListKind::kGenerator;
  }
  return value.Is(Kind::kText) || value.Is(Kind::kDict) ||
         value.Is(Kind::kUndefined);
}

bool IsIterable(const Value& value) {
  return value.Is(Kind::kText) || value.Is(Kind::kList) ||
         value.Is(Kind::kDict) || value.Is(Kind::kUndefined) ||
         value.Is(Kind::kLoop);
}

Result<bool> HasRest(const Value& value, const Value& divisor, bool odd,
                     Heap& heap) {
  PELLUCID_ASSIGN_OR_RETURN(const Value rest,
                            Compute(Op::kModulo, value, divisor, heap));
  return AreEqual(rest, Value(std::int64_t{odd ? 1 : 0}), heap);
}

Result<bool> HasCase(std::string_view method, const Value& value, Heap& heap) {
  PELLUCID_ASSIGN_OR_RETURN(Text text, StrOf(value, heap));
  PELLUCID_ASSIGN_OR_RETURN(
      const Value holds,
      CallTextMethod(heap.Make(std::move(text)), method, {}, heap));
  return holds.boolean();
}

Result<bool> ApplyUnary(std::string_view name, const Value& value, Heap& heap) {
  const Kind kind = value.kind();
  const Value two(std::int64_t{2});
  if (name == "defined") return kind != Kind::kUndefined;
  if (name == "undefined") return kind == Kind::kUndefined;
  if (name == "none") return kind == Kind::kNone;
  if (name == "boolean") return kind == Kind::kBool;
  if (name == "false") return kind == Kind::kBool && !value.boolean();
  if (name == "true") return kind == Kind::kBool && value.boolean();
  if (name == "integer") return kind == Kind::kInt;
  if (name == "float") return kind == Kind::kFloat;
  if (name == "number") return value.IsNumber();
  if (name == "string") return kind == Kind::kText;
  if (name == "mapping") return kind == Kind::kDict;
  if (name == "sequence") return IsSequence(value);
  if (name == "iterable") return IsIterable(value);
  // An undefined value has Python's __call__, which fails.
  if (name == "callable") {
    return kind == Kind::kCallable || kind == Kind::kUndefined ||
           kind == Kind::kLoop;
  }
  if (name == "odd") return HasRest(value, two, true, heap);
  if (name == "even") return HasRest(value, two, false, heap);
  if (name == "lower") return HasCase("islower", value, heap);
  if (name == "upper") return HasCase("isupper", value, heap);
  if (name == "escaped") return false;
  PELLUCID_RETURN_IF_ERROR(CheckKey(value));  // of Python's tables
  if (kind != Kind::kText) return false;
  return name == "filter" ? HasFilter(value.view()) : HasTest(value.view());
}

Result<bool> ApplyBinary(std::string_view is, const Value& a, const Value& b,
                         Heap& heap) {
  if (is == "is") return a.SameAs(b);
  if (is == "in") return Contains(b, a, heap);
  if (is == "%") return HasRest(a, b, false, heap);
  if (is == "<") return IsLess(a, b, heap);
  if (is == ">") return IsLess(b, a, heap);
  PELLUCID_ASSIGN_OR_RETURN(const bool equal, AreEqual(a, b, heap));
  if (is == "==") return equal;
  if (is == "!=") return !equal;
  PELLUCID_ASSIGN_OR_RETURN(
      const bool less, is == "<=" ? IsLess(a, b, heap) : IsLess(b, a, heap));
  return less || equal;
}

}  // namespace

Result<bool> ApplyTest(std::string_view name, const Value& value,
                       const Arguments& arguments, Heap& heap) {
  heap.Spend(kNodeWork);
  PELLUCID_RETURN_IF_ERROR(heap.Check());
  if (!HasTest(name)) {
    return TemplateError(
        fmt::format("the test \"{}\" is not known", Quote(name)));
  }
  const std::string_view is = BinaryOf(name);
  if (is.empty()) {
    PELLUCID_ASSIGN_OR_RETURN([[maybe_unused]] const Bound none,
                              Bind(name, arguments, {}, 0));
    return ApplyUnary(name, value, heap);
  }
  constexpr std::string_view kParameters[] = {"other"};
  PELLUCID_ASSIGN_OR_RETURN(const Bound bound,
                            Bind(name, arguments, kParameters, 1));
  return ApplyBinary(is, value, bound.At(0), heap);
}

}  // namespace pellucid::jinja
