// The arguments of a call, and how they find the parameters of what is called:
// by position, then by name, as in Python.
#ifndef PELLUCID_TOKENIZER_JINJA_ARGUMENTS_H_
#define PELLUCID_TOKENIZER_JINJA_ARGUMENTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;
};

inline constexpr std::size_t kMaxParameters = 5;

// Arguments by the number of their parameter. `function` is for messages.
class Bound {
 public:
  explicit Bound(std::string_view function) : function_(function) {}

  bool Has(std::size_t i) const { return values_[i].has_value(); }
  // Whether it is given and not none.
  bool HasSome(std::size_t i) const {
    return Has(i) && !values_[i]->Is(Kind::kNone);
  }
  const Value& At(std::size_t i) const { return *values_[i]; }
  Value AtOr(std::size_t i, Value fallback) const {
    return values_[i].value_or(fallback);
  }
  bool Flag(std::size_t i) const { return Has(i) && IsTrue(At(i)); }
  // kModel: of another type. An argument that is not there is the fallback.
  Result<std::int64_t> Integer(std::size_t i, std::int64_t fallback) const;
  // The same; null: not there, or none.
  Result<const Text*> TextOrNull(std::size_t i) const;

  void Set(std::size_t i, const Value& value) { values_[i] = value; }

 private:
  Error WrongType(std::size_t i, std::string_view wanted) const;

  std::string_view function_;
  std::array<std::optional<Value>, kMaxParameters> values_;
};

// kModel: too many or too few, or a name that is none of `parameters`.
Result<Bound> Bind(std::string_view function, const Arguments& arguments,
                   std::span<const std::string_view> parameters,
                   std::size_t required);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_ARGUMENTS_H_
