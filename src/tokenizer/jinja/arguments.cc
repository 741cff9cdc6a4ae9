#include "tokenizer/jinja/arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/quote.h"

namespace pellucid::jinja {

Error Bound::WrongType(std::size_t i, std::string_view wanted) const {
  return TemplateError(fmt::format("{}: argument {} is '{}', not {}", function_,
                                   i + 1, TypeName(At(i)), wanted));
}

Result<std::int64_t> Bound::Integer(std::size_t i,
                                    std::int64_t fallback) const {
  if (!Has(i)) return fallback;
  if (At(i).IsInteger()) return At(i).integer();
  if (At(i).Is(Kind::kUndefined)) return UndefinedError(At(i));
  return WrongType(i, "int");
}

Result<const Text*> Bound::TextOrNull(std::size_t i) const {
  if (!HasSome(i)) return nullptr;
  if (At(i).Is(Kind::kText)) return &At(i).text();
  return WrongType(i, "str");
}

Result<Bound> Bind(std::string_view function, const Arguments& arguments,
                   std::span<const std::string_view> parameters,
                   std::size_t required) {
  Bound bound(function);
  if (arguments.positional.size() > parameters.size()) {
    return TemplateError(fmt::format("{}: takes at most {} arguments, not {}",
                                     function, parameters.size(),
                                     arguments.positional.size()));
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    bound.Set(i, arguments.positional[i]);
  }
  for (const auto& [name, value] : arguments.named) {
    const auto at = std::find(parameters.begin(), parameters.end(), name);
    const auto i = static_cast<std::size_t>(at - parameters.begin());
    if (at == parameters.end() || bound.Has(i)) {
      return TemplateError(
          fmt::format("{}: unexpected argument '{}'", function, Quote(name)));
    }
    bound.Set(i, value);
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (bound.Has(i)) continue;
    return TemplateError(
        fmt::format("{}: argument '{}' is missing", function, parameters[i]));
  }
  return bound;
}

}  // namespace pellucid::jinja
