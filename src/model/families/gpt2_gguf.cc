// GPT-2 from GGUF: general.architecture "gpt2". The converter has transposed
// Hugging Face's Conv1D weights to [out, in]. llama.cpp fixes the activation to
// GPT-2's own; no key says otherwise.
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "model/families/gguf_keys.h"
#include "model/families/gguf_weights.h"
#include "model/families/gpt2.h"
#include "model/family.h"
#include "model/gguf_loader.h"

namespace pellucid::families {
namespace {

constexpr std::array<std::string_view, 8> kKnownKeys = {
    "attention.causal",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.layer_norm_epsilon",
    "block_count",
    "context_length",
    "embedding_length",
    "feed_forward_length",
};

Status ReadSizes(const GgufLoader& loader, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(spec.d_model,
                            loader.Size("gpt2.embedding_length", 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(spec.n_layers,
                            loader.Size("gpt2.block_count", 1, kMaxLayers));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.n_heads, loader.Size("gpt2.attention.head_count", 1, spec.d_model));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t kv_heads,
      loader.Size("gpt2.attention.head_count_kv", 1, kMaxSize, spec.n_heads));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_mlp, loader.Size("gpt2.feed_forward_length", 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(spec.context_length,
                            loader.Size("gpt2.context_length", 1, kMaxSize));
  if (spec.d_model % spec.n_heads != 0 || kv_heads != spec.n_heads) {
    return loader.Problem(
        "gpt2.attention.head_count",
        fmt::format("{} heads, {} of keys and values, do not share {} features "
                    "evenly; the file is damaged or not of this architecture",
                    spec.n_heads, kv_heads, spec.d_model));
  }
  return {};
}

WeightRules Rules() {
  using Bias = WeightRules::Bias;
  WeightRules rules;
  rules.qkv = rules.attn_out = rules.mlp = Bias::kIfStored;
  rules.norm = NormForm::kWeightAndBias;
  return rules;
}

}  // namespace

Result<LoadedModel> Gpt2FromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  ArchSpec spec;
  PELLUCID_RETURN_IF_ERROR(CheckKnownKeys(loader, "gpt2.", kKnownKeys));
  PELLUCID_RETURN_IF_ERROR(ReadSizes(loader, spec));
  DescribeGpt2(spec);
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, "gpt2.attention.layer_norm_epsilon", 1e-5));
  spec.activation = kernels::Activation::kGeluTanh;
  ScaleGpt2Attention(/*by_width=*/true, /*by_layer=*/false, spec);
  PELLUCID_ASSIGN_OR_RETURN(Weights weights,
                            ReadGgufWeights(loader, Rules(), spec));
  PELLUCID_RETURN_IF_ERROR(loader.CheckAllTaken());
  NoteGpt2Details(weights, "gelu_new", spec);
  return LoadedModel{std::move(spec), std::move(weights)};
}

}  // namespace pellucid::families
