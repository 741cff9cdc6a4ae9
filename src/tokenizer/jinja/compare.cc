#include "tokenizer/jinja/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pellucid::jinja {
namespace {

// -1, 0, 1; 2: one is NaN. Exact, where a conversion to double is not.
int CompareNumbers(const Value& a, const Value& b) {
  if (a.IsInteger() && b.IsInteger()) {
    return a.integer() < b.integer() ? -1 : a.integer() > b.integer() ? 1 : 0;
  }
  if (a.IsInteger()) {
    const int turned = CompareNumbers(b, a);
    return turned == 2 ? 2 : -turned;
  }
  const double x = a.number();
  if (std::isnan(x) || std::isnan(b.number())) return 2;
  if (!b.IsInteger()) {
    return x < b.number() ? -1 : x > b.number() ? 1 : 0;
  }
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (x >= kTwoTo63) return 1;
  if (x < -kTwoTo63) return -1;
  const double whole = std::floor(x);
  const auto integer = static_cast<std::int64_t>(whole);
  if (integer != b.integer()) return integer < b.integer() ? -1 : 1;
  return x > whole ? 1 : 0;
}

Error TooDeep() {
  return TemplateError(
      fmt::format("a value is nested more than {} deep", kMaxValueDepth));
}

// Whether these are sequences that Python compares element by element.
bool AreAlike(const List& a, const List& b) {
  if (a.kind != b.kind) return false;
  return a.kind == ListKind::kList || a.kind == ListKind::kTuple ||
         a.kind == ListKind::kRange;
}

Result<bool> AreEqualDicts(const Dict& a, const Dict& b, Heap& heap,
                           std::size_t depth) {
  if (a.items.size() != b.items.size()) return false;
  for (const auto& [key, value] : a.items) {
    const Value* other = b.Find(key);
    if (other == nullptr) return false;
    PELLUCID_ASSIGN_OR_RETURN(const bool equal,
                              AreEqual(value, *other, heap, depth + 1));
    if (!equal) return false;
  }
  return true;
}

}  // namespace

Result<bool> AreEqual(const Value& a, const Value& b, Heap& heap,
                      std::size_t depth) {
  if (depth > kMaxValueDepth) return TooDeep();
  heap.Spend(kNodeWork);
  PELLUCID_RETURN_IF_ERROR(heap.Check());
  if (a.IsNumber() && b.IsNumber()) return CompareNumbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  if (a.Is(Kind::kText)) {
    heap.Spend(std::min(a.text().size(), b.text().size()));
    return a.view() == b.view();
  }
  if (a.Is(Kind::kUndefined)) return true;
  if (a.Is(Kind::kDict)) {
    return AreEqualDicts(a.dict(), b.dict(), heap, depth);
  }
  if (!a.Is(Kind::kList) || !AreAlike(a.list(), b.list())) {
    if (!a.Is(Kind::kCallable)) return a.SameAs(b);
    const Callable &x = a.callable(), &y = b.callable();
    return x.kind == y.kind && x.name == y.name && x.macro == y.macro &&
           x.scope == y.scope && x.self.SameAs(y.self);
  }
  const auto &x = a.list().items, &y = b.list().items;
  if (x.size() != y.size()) return false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    PELLUCID_ASSIGN_OR_RETURN(const bool equal,
                              AreEqual(x[i], y[i], heap, depth + 1));
    if (!equal) return false;
  }
  return true;
}

bool EqualKeys(const Value& a, const Value& b) {
  if (a.IsNumber() && b.IsNumber()) return CompareNumbers(a, b) == 0;
  if (!a.Is(Kind::kList) || !b.Is(Kind::kList)) {
    return a.SameAs(b) || (a.Is(Kind::kUndefined) && b.Is(Kind::kUndefined));
  }
  const List &x = a.list(), &y = b.list();
  if (x.kind != ListKind::kTuple || y.kind != ListKind::kTuple) {
    return a.SameAs(b);
  }
  return std::equal(x.items.begin(), x.items.end(), y.items.begin(),
                    y.items.end(), EqualKeys);
}

Status CheckKey(const Value& value, std::size_t depth) {
  if (depth > kMaxValueDepth) return TooDeep();
  const bool hashable =
      !value.Is(Kind::kDict) &&
      (!value.Is(Kind::kList) || value.list().kind == ListKind::kTuple ||
       value.list().kind == ListKind::kRange);
  if (!hashable) {
    return TemplateError(fmt::format("unhashable type: '{}'", TypeName(value)));
  }
  if (!value.Is(Kind::kList)) return {};
  for (const Value& item : value.list().items) {
    PELLUCID_RETURN_IF_ERROR(CheckKey(item, depth + 1));
  }
  return {};
}

Result<bool> IsLess(const Value& a, const Value& b, Heap& heap,
                    std::size_t depth) {
  if (depth > kMaxValueDepth) return TooDeep();
  heap.Spend(kNodeWork);
  PELLUCID_RETURN_IF_ERROR(heap.Check());
  if (a.Is(Kind::kUndefined)) return UndefinedError(a);
  if (b.Is(Kind::kUndefined)) return UndefinedError(b);
  if (a.IsNumber() && b.IsNumber()) return CompareNumbers(a, b) == -1;
  if (a.Is(Kind::kText) && b.Is(Kind::kText)) {
    heap.Spend(std::min(a.text().size(), b.text().size()));
    return a.view() < b.view();  // bytes of UTF-8 order as characters do
  }
  if (!a.Is(Kind::kList) || !b.Is(Kind::kList) ||
      !AreAlike(a.list(), b.list()) || a.list().kind == ListKind::kRange) {
    return TemplateError(
        fmt::format("'{}' and '{}' have no order", TypeName(a), TypeName(b)));
  }
  const auto &x = a.list().items, &y = b.list().items;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    PELLUCID_ASSIGN_OR_RETURN(const bool equal,
                              AreEqual(x[i], y[i], heap, depth + 1));
    if (!equal) return IsLess(x[i], y[i], heap, depth + 1);
  }
  return x.size() < y.size();
}

std::size_t SearchWork(std::size_t whole, std::size_t part) {
  // Comparisons of a part take one step for 32 bytes, at worst at every byte.
  return whole + (whole / 32) * std::min(part, whole);
}

Result<bool> Contains(const Value& container, const Value& item, Heap& heap) {
  if (container.Is(Kind::kText)) {
    if (item.Is(Kind::kUndefined)) {
      return TemplateError(
          "'in <string>' requires string as left operand, not Undefined");
    }
    if (!item.Is(Kind::kText)) {
      return TemplateError(
          fmt::format("'in <string>' requires string as left operand, not {}",
                      TypeName(item)));
    }
    PELLUCID_RETURN_IF_ERROR(
        heap.Ask(SearchWork(container.text().size(), item.text().size())));
    return container.view().find(item.view()) != std::string_view::npos;
  }
  if (container.Is(Kind::kDict)) {
    PELLUCID_RETURN_IF_ERROR(CheckKey(item));
    heap.Spend(kNodeWork *
               (item.Is(Kind::kText) ? 1 : container.dict().items.size()));
    return container.dict().Find(item) != nullptr;
  }
  if (!container.Is(Kind::kList) && !container.Is(Kind::kUndefined)) {
    return TemplateError(fmt::format("argument of type '{}' is not iterable",
                                     TypeName(container)));
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> items,
                            Iterate(container, heap));
  for (const Value& candidate : items) {
    PELLUCID_ASSIGN_OR_RETURN(const bool equal,
                              AreEqual(candidate, item, heap));
    if (equal) return true;
  }
  return false;
}

}  // namespace pellucid::jinja
