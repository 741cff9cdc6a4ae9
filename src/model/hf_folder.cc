#include "model/hf_folder.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "base/quote.h"
#include "base/sha256.h"

namespace pellucid {
namespace {

namespace fs = std::filesystem;

std::string In(const std::string& folder, std::string_view name) {
  return (fs::path(folder) / name).string();
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Weights quantised by others than MLX: what their layouts are called, and what
// to get instead.
Error Foreign(const HfModelConfig& config, std::string_view method) {
  constexpr std::string_view kAdvice =
      "get the model in F32, F16 or BF16, quantised by MLX, or as GGUF";
  return config.Problem(
      "quantization_config",
      fmt::format("weights quantised by method \"{}\": unsupported; {}",
                  Quote(method), kAdvice));
}

Status RefuseForeign(HfModelConfig& config) {
  if (config.Has({"quantization"})) return {};  // what MLX goes by
  PELLUCID_ASSIGN_OR_RETURN(std::optional<HfModelConfig> quantised,
                            config.Object({"quantization_config"}));
  if (!quantised) return {};
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view method,
                            quantised->String({"quant_method"}, ""));
  if (!method.empty()) return Foreign(config, method);
  if (quantised->Has({"bits"}) && quantised->Has({"group_size"})) return {};
  return Foreign(config, "unnamed");
}

// Tensors of AutoGPTQ and AutoAWQ, of folders that do not say so.
Status RefuseForeignTensors(const HfModelConfig& config,
                            const SafetensorsSet& tensors) {
  for (const auto& [name, place] : tensors.tensors()) {
    if (name.ends_with(".qweight")) return Foreign(config, "gptq or awq");
  }
  return {};
}

// The ids of `key`, from the first of `configs` that says.
std::vector<std::int64_t> TokenIds(std::span<HfModelConfig* const> configs,
                                   std::string_view key) {
  for (HfModelConfig* config : configs) {
    if (config == nullptr) continue;
    auto ids = config->Integers({key});
    if (ids.ok() && !ids->empty()) return *std::move(ids);
  }
  return {};
}

}  // namespace

Result<HfFolder> HfFolder::Open(const std::string& path) {
  const std::string config_path = In(path, "config.json");
  if (!Exists(config_path)) {
    const bool adapter = Exists(In(path, "adapter_config.json"));
    return ModelError(fmt::format(
        "open: {}: holds no config.json; {}", path,
        adapter ? "it is an adapter: merge it into its base model and save that"
                : "name a folder in Hugging Face's layout or a .gguf file"));
  }
  PELLUCID_ASSIGN_OR_RETURN(HfModelConfig config,
                            HfModelConfig::Open(config_path));
  PELLUCID_RETURN_IF_ERROR(RefuseForeign(config));
  PELLUCID_ASSIGN_OR_RETURN(std::optional<MlxQuantisation> quantisation,
                            MlxQuantisation::Read(config));
  PELLUCID_ASSIGN_OR_RETURN(SafetensorsSet tensors, SafetensorsSet::Open(path));
  PELLUCID_RETURN_IF_ERROR(RefuseForeignTensors(config, tensors));

  auto generation = HfModelConfig::Open(In(path, "generation_config.json"));
  HfModelConfig* const configs[] = {generation.ok() ? &*generation : nullptr,
                                    &config};
  HfFolder folder{path, config, std::move(tensors), std::move(quantisation),
                  {},   {}};
  folder.bos_ids = TokenIds(configs, "bos_token_id");
  folder.eos_ids = TokenIds(configs, "eos_token_id");
  return folder;
}

std::string HfFolder::Hash() const {
  Sha256 hash;
  for (const SafetensorsFile& file : tensors.files()) {
    hash.Update(file.header());
  }
  const std::string_view text = config.text();
  hash.Update(std::as_bytes(std::span(text.data(), text.size())));
  return HexOf(hash.Finish());
}

}  // namespace pellucid
