// "decoder" of a tokenizer.json (formats 6.6).
#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {

Result<Decoder> ReadDecoder(const JsonSection& section) {
  constexpr std::string_view kSupported = "ByteLevel, null";
  if (section.IsNull()) return Decoder::kNone;
  PELLUCID_ASSIGN_OR_RETURN(const auto steps, section.Steps("decoders"));
  for (const JsonSection& step : steps) {
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view type, step.String("type"));
    if (type != "ByteLevel") {
      return step.Unsupported(fmt::format("is \"{}\"", Quote(type)),
                              kSupported);
    }
  }
  if (steps.size() != 1) {
    return section.Unsupported(
        fmt::format("is a Sequence of {} steps", steps.size()), kSupported);
  }
  return Decoder::kByteLevel;
}

}  // namespace pellucid
