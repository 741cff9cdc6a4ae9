#include "model/hf_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/quote.h"
#include "model/mlx_tensors.h"

namespace pellucid {
namespace {

// Stored by older versions, computed by all: rotary frequencies, positions and
// causal masks.
constexpr std::array kBuffers = std::to_array<std::string_view>(
    {".rotary_emb.inv_freq", ".rotary_emb.cos_cached", ".rotary_emb.sin_cached",
     ".rotary_emb.original_inv_freq", ".rotary_emb_local.inv_freq",
     ".rotary_emb_local.original_inv_freq", ".attn.bias", ".attn.masked_bias",
     ".attention.bias", ".attention.masked_bias", ".attn.embed_positions",
     ".position_ids"});

}  // namespace

bool IsHfBuffer(std::string_view name) {
  return std::ranges::any_of(kBuffers, [&](std::string_view ending) {
    return name.ends_with(ending) || name == ending.substr(1);
  });
}

HfLoader::HfLoader(const HfFolder& folder, std::string_view base)
    : TensorLoader(folder.path, "config.json wants"),
      config_(folder.config),
      quantisation_(folder.quantisation),
      tensors_(folder.tensors),
      prefix_(std::string(base) + ".") {
  // Which way round is seen by the one Conv1D that is not square.
  for (const auto& [name, place] : tensors_.tensors()) {
    if (!name.ends_with(".c_attn.weight")) continue;
    const auto& shape = place.tensor->shape;
    conv_turned_ = IsMlxPacked(*place.tensor) ||
                   (shape.size() == 2 && shape[0] == 3 * shape[1]);
    break;
  }
}

SafetensorsSet::Place HfLoader::Locate(const std::string& name) const {
  std::vector<std::string> spellings = {name};
  if (name.starts_with(prefix_)) {
    spellings.push_back(name.substr(prefix_.size()));
  }
  spellings.push_back(prefix_ + name);
  if (std::string other = MlxNameOf(name); !other.empty()) {
    spellings.push_back(std::move(other));
  }
  for (const std::string& spelling : spellings) {
    const SafetensorsSet::Place place = tensors_.Find(spelling);
    if (place.tensor != nullptr) return place;
  }
  return {};
}

Result<std::optional<TensorLoader::Stored>> HfLoader::Find(
    const std::string& name, std::span<const std::size_t> shape) const {
  const SafetensorsSet::Place place = Locate(name);
  if (place.tensor == nullptr) return std::optional<Stored>();
  const SafetensorsTensor& tensor = *place.tensor;
  if (IsMlxPacked(tensor)) {
    PELLUCID_ASSIGN_OR_RETURN(
        MlxTensor packed,
        ReadMlxTensor(*this, tensors_, tensor, quantisation_, shape));
    return std::optional<Stored>(
        {tensor.name, packed.dtype, std::move(packed.shape), tensor.data,
         packed.groups, std::move(packed.factors), std::move(packed.beside)});
  }
  PELLUCID_ASSIGN_OR_RETURN(const DType dtype, place.file->WeightType(tensor));
  return std::optional<Stored>(
      {tensor.name, dtype, tensor.shape, tensor.data, {}, {}, {}});
}

std::vector<std::string_view> HfLoader::StoredNames() const {
  std::vector<std::string_view> names;
  for (const auto& [name, place] : tensors_.tensors()) {
    if (!IsHfBuffer(name)) names.push_back(name);
  }
  return names;
}

Result<std::string_view> ReadActivation(HfModelConfig& config,
                                        std::string_view fallback,
                                        ArchSpec& spec) {
  return ReadActivationOf(
      {"hidden_act", "activation_function", "activation", "hidden_activation"},
      config, fallback, spec);
}

Result<std::string_view> ReadActivationOf(HfModelConfig::Names keys,
                                          HfModelConfig& config,
                                          std::string_view fallback,
                                          ArchSpec& spec) {
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
  const bool only_head = has_head && tied && !loader.HasTensor(embed_name);
  const Result<WeightView> stored = loader.Matrix(
      only_head ? head_name : embed_name, spec.vocab_size, spec.EmbedWidth());
  PELLUCID_RETURN_IF_ERROR(loader.Keep(stored));
  if (!has_head && !tied) {
    return loader.Missing(
        head_name,
        "is missing, and config.json does not tie it to the embedding "
        "(tie_word_embeddings); get the whole model, not its trunk");
  }
  weights.tied = !has_head || only_head;
  Result<WeightView> head_matrix = stored;
  if (!weights.tied) {
    head_matrix = loader.Matrix(head_name, spec.vocab_size, spec.EmbedWidth());
  }
  PELLUCID_ASSIGN_OR_RETURN(weights.unembed, head_matrix);
  PELLUCID_ASSIGN_OR_RETURN(weights.embed, stored);
  return {};
}

}  // namespace pellucid
