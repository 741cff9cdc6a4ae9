// Names of LensPrecision.
#include <fmt/format.h>

#include "base/quote.h"
#include "pellucid/lens.h"

namespace pellucid {

std::string_view LensPrecisionName(LensPrecision precision) {
  return precision == LensPrecision::kFast ? "fast" : "exact";
}

Result<LensPrecision> ParseLensPrecision(std::string_view name,
                                         std::string_view what) {
  for (const LensPrecision known :
       {LensPrecision::kExact, LensPrecision::kFast}) {
    if (LensPrecisionName(known) == name) return known;
  }
  return UsageError(
      fmt::format("{}: {}: is no precision of the lens; choose exact or fast",
                  what, Quote(std::string(name))));
}

}  // namespace pellucid
