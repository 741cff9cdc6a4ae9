#include "model/family.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/quote.h"

namespace pellucid {
namespace {

struct GgufFamily {
  std::string_view architecture;  // general.architecture
  Result<LoadedModel> (*load)(const GgufFile& file);
};

constexpr std::array kGgufFamilies = {
    GgufFamily{"llama", &families::LlamaFromGguf},
};

}  // namespace

Result<LoadedModel> LoadFromGguf(const GgufFile& file) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view architecture,
                            file.String("general.architecture"));
  for (const GgufFamily& family : kGgufFamilies) {
    if (family.architecture == architecture) return family.load(file);
  }
  std::string known;
  for (const GgufFamily& family : kGgufFamilies) {
    if (!known.empty()) known += ", ";
    known += family.architecture;
  }
  return ModelError(fmt::format(
      "open: {}: unsupported architecture \"{}\"; this version reads: {}",
      file.name(), Quote(architecture), known));
}

}  // namespace pellucid
