#include "model/hf_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/quote.h"

namespace pellucid {
namespace {

// Stored by older versions, computed by all: rotary frequencies and causal
// masks.
constexpr std::array<std::string_view, 5> kBuffers = {
    ".rotary_emb.inv_freq", ".rotary_emb.cos_cached", ".rotary_emb.sin_cached",
    ".attn.bias", ".attn.masked_bias"};

bool IsBuffer(std::string_view name) {
  return std::ranges::any_of(kBuffers, [&](std::string_view ending) {
    return name.ends_with(ending) || name == ending.substr(1);
  });
}

}  // namespace

Result<std::optional<TensorLoader::Stored>> HfLoader::Find(
    const std::string& name) const {
  SafetensorsSet::Place place = tensors_.Find(name);
  if (place.tensor == nullptr && name.starts_with(prefix_)) {
    place = tensors_.Find(std::string_view(name).substr(prefix_.size()));
  }
  if (place.tensor == nullptr) place = tensors_.Find(prefix_ + name);
  if (place.tensor == nullptr) return std::optional<Stored>();
  PELLUCID_ASSIGN_OR_RETURN(const DType dtype,
                            place.file->WeightType(*place.tensor));
  return std::optional<Stored>(
      {place.tensor->name, dtype, place.tensor->shape, place.tensor->data});
}

std::vector<std::string_view> HfLoader::StoredNames() const {
  std::vector<std::string_view> names;
  for (const auto& [name, place] : tensors_.tensors()) {
    if (!IsBuffer(name)) names.push_back(name);
  }
  return names;
}

Result<std::string_view> ReadActivation(HfModelConfig& config,
                                        std::string_view fallback,
                                        ArchSpec& spec) {
  const HfModelConfig::Names keys = {"hidden_act", "activation_function",
                                     "activation", "hidden_activation"};
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view name,
                            config.String(keys, fallback));
  const auto activation = kernels::ActivationFromName(name);
  if (!activation) {
    return config.Problem(
        config.SpellingOf(keys),
        fmt::format("is \"{}\": unsupported; this version knows "
                    "gelu and its kinds, silu, relu and relu2",
                    Quote(name)));
  }
  spec.activation = *activation;
  return name;
}

Status ReadEmbeddings(HfLoader& loader, const std::string& embed,
                      const std::string& head, bool tied, const ArchSpec& spec,
                      Weights& weights) {
  const std::string embed_name = embed + ".weight";
  const std::string head_name = head + ".weight";
  const bool has_head = loader.HasTensor(head_name);
  if (!has_head && !tied) {
    return loader.Problem(
        "tensor " + head_name,
        "is missing, and config.json does not tie it to the embedding "
        "(tie_word_embeddings); get the whole model, not its trunk");
  }
  const bool only_head = has_head && tied && !loader.HasTensor(embed_name);
  PELLUCID_ASSIGN_OR_RETURN(weights.embed,
                            loader.Matrix(only_head ? head_name : embed_name,
                                          spec.vocab_size, spec.d_model));
  weights.tied = !has_head || only_head;
  weights.unembed = weights.embed;
  if (weights.tied) return {};
  PELLUCID_ASSIGN_OR_RETURN(
      weights.unembed, loader.Matrix(head_name, spec.vocab_size, spec.d_model));
  return {};
}

}  // namespace pellucid
