// Command R and Aya (Cohere 2024), from Hugging Face folders
// (CohereForCausalLM) and from GGUF ("command-r").
//
//   x += o_proj(attention(rope(q), rope(k), v)) + down(act(gate) * up)
//   logits = logit_scale * lm_head(norm(x))
//
// with q k v, gate and up of input_layernorm(x), the one norm of a block: a
// LayerNorm without bias. Heads turn whole, in adjacent pairs; with use_qk_norm
// each head of queries and keys is normed before, by weights of its own.
#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "model/families/gguf_keys.h"
#include "model/families/hf_sizes.h"
#include "model/families/llama.h"
#include "model/families/load.h"

namespace pellucid::families {
namespace {

using Bias = WeightRules::Bias;

// CohereConfig's own, where a key is absent.
constexpr HfSizeDefaults kDefaults = {.vocab_size = 256000,
                                      .d_model = 8192,
                                      .n_layers = 40,
                                      .n_heads = 64,
                                      .n_kv_heads = {},
                                      .head_dim = {},
                                      .context = 8192};
constexpr std::size_t kDefaultInner = 22528;
constexpr double kDefaultEps = 1e-5;
constexpr double kDefaultTheta = 500000;
constexpr double kDefaultScale = 0.0625;

ArchSpec Describe(bool norms_heads) {
  ArchSpec spec;
  spec.architecture = "cohere";
  spec.modules = LlamaModules();
  spec.modules[Point::kMlpNorm].clear();
  if (norms_heads) {
    spec.modules[Point::kQueryNorm] = "self_attn.q_norm";
    spec.modules[Point::kKeyNorm] = "self_attn.k_norm";
  }
  spec.norm = NormKind::kLayer;
  spec.order = BlockOrder::kParallel;
  return spec;
}

}  // namespace

Result<LoadedModel> CohereFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  PELLUCID_ASSIGN_OR_RETURN(const bool norms_heads,
                            config.Bool({"use_qk_norm"}, false));
  ArchSpec spec = Describe(norms_heads);
  HfParts parts;
  parts.pairs = kernels::RopePairs::kAdjacent;
  WeightRules& rules = parts.rules;
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, kDefaults, spec));
  // Models are trained on longer sequences than the bound that keeps other
  // programs from allocating for them.
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t longest,
      config.Size({"model_max_length"}, 1, kMaxSize, spec.context_length));
  spec.context_length = std::max(spec.context_length, longest);
  PELLUCID_ASSIGN_OR_RETURN(spec.d_mlp, config.Size({"intermediate_size"}, 1,
                                                    kMaxSize, kDefaultInner));
  PELLUCID_ASSIGN_OR_RETURN(spec.norm_eps,
                            config.Positive({"layer_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(parts.activation,
                            ReadActivation(config, "silu", spec));
  PELLUCID_ASSIGN_OR_RETURN(spec.logits.multiplier,
                            config.Positive({"logit_scale"}, kDefaultScale));
  PELLUCID_ASSIGN_OR_RETURN(const bool biased,
                            config.Bool({"attention_bias"}, false));
  rules.qkv = rules.attn_out = biased ? Bias::kRequired : Bias::kNone;
  rules.qk_norm_by_head = norms_heads;
  PELLUCID_ASSIGN_OR_RETURN(rules.tied,
                            config.Bool({"tie_word_embeddings"}, true));
  PELLUCID_ASSIGN_OR_RETURN(parts.rope,
                            ReadHfRope(config, {.theta = kDefaultTheta}, spec));
  PELLUCID_RETURN_IF_ERROR(CheckWholeRope(config, *parts.rope));
  return LoadHf(loader, parts, std::move(spec));
}

Result<LoadedModel> CohereFromGguf(const GgufFile& file) {
  constexpr std::array<std::string_view, 1> kOwnKeys = {"logit_scale"};
  GgufLoader loader(file);
  const GgufKeys keys("command-r");
  PELLUCID_RETURN_IF_ERROR(CheckKnownKeys(loader, keys, kOwnKeys));
  const bool norms_heads = loader.HasTensor("blk.0.attn_q_norm.weight");
  ArchSpec spec = Describe(norms_heads);
  PELLUCID_RETURN_IF_ERROR(ReadGgufSizes(loader, keys, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, keys("attention.layer_norm_epsilon"), kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.logits.multiplier,
      PositiveFloat(loader, keys("logit_scale"), kDefaultScale));
  GgufParts parts{.rules = {},
                  .names = {},
                  .rotates = kernels::RopePairs::kAdjacent,
                  .activation = "silu"};
  parts.rules.qkv = parts.rules.attn_out = Bias::kIfStored;
  parts.rules.qk_norm_by_head = norms_heads;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
