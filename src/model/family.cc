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
    GgufFamily{"gpt2", &families::Gpt2FromGguf},
    GgufFamily{"llama", &families::LlamaFromGguf},
};

struct HfFamily {
  std::string_view model_type;
  // Beginning of a class's name; files without model_type have only that.
  std::string_view architecture;
  Result<LoadedModel> (*load)(const HfFolder& folder);
};

constexpr std::array kHfFamilies = {
    HfFamily{"gpt2", "GPT2", &families::Gpt2FromHf},
    HfFamily{"llama", "Llama", &families::LlamaFromHf},
};

// Classes whose output is the vocabulary's logits, or the trunk alone.
bool IsLanguageModel(std::string_view architecture) {
  return architecture.empty() || architecture.ends_with("ForCausalLM") ||
         architecture.ends_with("LMHeadModel") ||
         architecture.ends_with("Model");
}

const HfFamily* FindHfFamily(std::string_view model_type,
                             std::string_view architecture) {
  for (const HfFamily& family : kHfFamilies) {
    if (model_type.empty() ? architecture.starts_with(family.architecture)
                           : family.model_type == model_type) {
      return &family;
    }
  }
  return nullptr;
}

Error Unsupported(const std::string& name, std::string_view architecture,
                  const std::string& known) {
  return ModelError(fmt::format(
      "open: {}: unsupported architecture \"{}\"; this version reads: {}", name,
      Quote(architecture), known));
}

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
  return Unsupported(file.name(), architecture, known);
}

Result<LoadedModel> LoadFromHf(const HfFolder& folder) {
  HfModelConfig config = folder.config;
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view type,
                            config.String({"model_type"}, ""));
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view architecture,
                            config.FirstString({"architectures"}));
  if (type.empty() && architecture.empty()) {
    return config.Problem("model_type",
                          "is missing, and so is architectures: unsupported "
                          "architecture; get the file again");
  }
  const HfFamily* family = FindHfFamily(type, architecture);
  if (family != nullptr && IsLanguageModel(architecture)) {
    return family->load(folder);
  }
  std::string known;
  for (const HfFamily& one : kHfFamilies) {
    if (!known.empty()) known += ", ";
    known += one.model_type;
  }
  if (family != nullptr) known = "language models (ForCausalLM) of " + known;
  return Unsupported(folder.path,
                     type.empty() || family != nullptr ? architecture : type,
                     known);
}

}  // namespace pellucid
