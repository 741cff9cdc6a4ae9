#include "model/families/gguf_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace pellucid::families {

Status CheckKnownKeys(const GgufLoader& loader, std::string_view prefix,
                      std::span<const std::string_view> known) {
  for (const auto& [key, value] : loader.file().values()) {
    if (!key.starts_with(prefix)) continue;
    const std::string_view rest = key.substr(prefix.size());
    if (std::ranges::find(known, rest) == known.end()) {
      return loader.Problem(
          std::string(key),
          "is not understood by this version and may change what the model "
          "computes");
    }
  }
  const std::string causal = std::string(prefix) + "attention.causal";
  PELLUCID_ASSIGN_OR_RETURN(const bool is_causal,
                            loader.file().Bool(causal, true));
  if (is_causal) return {};
  return loader.Problem(
      causal, "is false: unsupported; this version reads causal models");
}

Result<float> PositiveFloat(const GgufLoader& loader, std::string_view key,
                            double fallback) {
  PELLUCID_ASSIGN_OR_RETURN(const double value,
                            loader.file().Float(key, fallback));
  const auto narrow = static_cast<float>(value);
  if (!(narrow > 0) || !std::isfinite(narrow)) {
    return loader.Problem(std::string(key),
                          fmt::format("is {}, not a positive number", value));
  }
  return narrow;
}

Result<WeightView> ReadEmbedding(GgufLoader& loader, ArchSpec& spec) {
  constexpr std::string_view kName = "token_embd.weight";
  const GgufTensor* embed = loader.file().FindTensor(kName);
  if (embed == nullptr || embed->shape.size() != 2) {
    return loader.Problem(fmt::format("tensor {}", kName),
                          "is missing or no matrix; the file is not whole");
  }
  spec.vocab_size = embed->shape[0];
  if (spec.vocab_size > kMaxSize) {
    return loader.Problem(
        fmt::format("tensor {}", kName),
        fmt::format("has {} rows, more than {}", spec.vocab_size, kMaxSize));
  }
  return loader.Matrix(std::string(kName), spec.vocab_size, spec.d_model);
}

Status ReadUnembedding(GgufLoader& loader, const ArchSpec& spec,
                       Weights& weights) {
  weights.tied = !loader.HasTensor("output.weight");
  if (weights.tied) {
    weights.unembed = weights.embed;
    return {};
  }
  PELLUCID_ASSIGN_OR_RETURN(
      weights.unembed,
      loader.Matrix("output.weight", spec.vocab_size, spec.d_model));
  return {};
}

}  // namespace pellucid::families
