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
    GgufFamily{"bloom", &families::BloomFromGguf},
    GgufFamily{"command-r", &families::CohereFromGguf},
    GgufFamily{"falcon", &families::FalconFromGguf},
    GgufFamily{"gemma", &families::GemmaFromGguf},
    GgufFamily{"gemma2", &families::Gemma2FromGguf},
    GgufFamily{"gemma3", &families::Gemma3FromGguf},
    GgufFamily{"gpt2", &families::Gpt2FromGguf},
    GgufFamily{"gptneox", &families::GptNeoxFromGguf},
    GgufFamily{"granite", &families::GraniteFromGguf},
    GgufFamily{"llama", &families::LlamaFromGguf},
    GgufFamily{"olmo2", &families::Olmo2FromGguf},
    GgufFamily{"phi2", &families::PhiFromGguf},
    GgufFamily{"phi3", &families::Phi3FromGguf},
    GgufFamily{"qwen2", &families::Qwen2FromGguf},
    GgufFamily{"qwen2moe", &families::Qwen2MoeFromGguf},
    GgufFamily{"qwen3", &families::Qwen3FromGguf},
    GgufFamily{"qwen3moe", &families::Qwen3MoeFromGguf},
    GgufFamily{"smollm3", &families::SmolLm3FromGguf},
    GgufFamily{"stablelm", &families::StableLmFromGguf},
    GgufFamily{"starcoder2", &families::Starcoder2FromGguf},
};

struct HfFamily {
  std::string_view model_type;
  // Beginning of a class's name; files without model_type have only that.
  std::string_view architecture;
  Result<LoadedModel> (*load)(const HfFolder& folder);
};

constexpr std::array kHfFamilies = {
    HfFamily{"bloom", "Bloom", &families::BloomFromHf},
    HfFamily{"cohere", "Cohere", &families::CohereFromHf},
    HfFamily{"falcon", "Falcon", &families::FalconFromHf},
    HfFamily{"gemma", "Gemma", &families::GemmaFromHf},
    HfFamily{"gemma2", "Gemma2", &families::Gemma2FromHf},
    HfFamily{"gemma3", "Gemma3ForConditionalGeneration",
             &families::Gemma3FromHf},
    HfFamily{"gemma3_text", "Gemma3", &families::Gemma3TextFromHf},
    HfFamily{"gpt2", "GPT2", &families::Gpt2FromHf},
    HfFamily{"gpt_neo", "GPTNeo", &families::GptNeoFromHf},
    HfFamily{"gpt_neox", "GPTNeoX", &families::GptNeoxFromHf},
    HfFamily{"gptj", "GPTJ", &families::GptjFromHf},
    HfFamily{"granite", "Granite", &families::GraniteFromHf},
    HfFamily{"llama", "Llama", &families::LlamaFromHf},
    HfFamily{"mistral", "Mistral", &families::MistralFromHf},
    HfFamily{"mixtral", "Mixtral", &families::MixtralFromHf},
    HfFamily{"olmo2", "Olmo2", &families::Olmo2FromHf},
    HfFamily{"opt", "OPT", &families::OptFromHf},
    HfFamily{"phi", "Phi", &families::PhiFromHf},
    HfFamily{"phi3", "Phi3", &families::Phi3FromHf},
    HfFamily{"qwen2", "Qwen2", &families::Qwen2FromHf},
    HfFamily{"qwen2_moe", "Qwen2Moe", &families::Qwen2MoeFromHf},
    HfFamily{"qwen3", "Qwen3", &families::Qwen3FromHf},
    HfFamily{"qwen3_moe", "Qwen3Moe", &families::Qwen3MoeFromHf},
    HfFamily{"smollm3", "SmolLM3", &families::SmolLm3FromHf},
    HfFamily{"stablelm", "StableLm", &families::StableLmFromHf},
    HfFamily{"starcoder2", "Starcoder2", &families::Starcoder2FromHf},
};

// Classes whose output is the vocabulary's logits, or the trunk alone.
bool IsLanguageModel(std::string_view architecture) {
  return architecture.empty() || architecture.ends_with("ForCausalLM") ||
         architecture.ends_with("LMHeadModel") ||
         architecture.ends_with("Model");
}

// Whether a class's name is the family's with a kind of head behind it:
// "PhiForCausalLM" is of "Phi", "Phi3ForCausalLM" is not.
bool IsClassOf(std::string_view family, std::string_view architecture) {
  if (!architecture.starts_with(family)) return false;
  const std::string_view kind = architecture.substr(family.size());
  return kind.empty() || kind.starts_with("For") ||
         kind.starts_with("LMHead") || kind.starts_with("DoubleHeads") ||
         kind == "Model";
}

const HfFamily* FindHfFamily(std::string_view model_type,
                             std::string_view architecture) {
  for (const HfFamily& family : kHfFamilies) {
    if (model_type.empty() ? IsClassOf(family.architecture, architecture)
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
  if (family != nullptr &&
      (IsLanguageModel(architecture) || architecture == family->architecture)) {
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
