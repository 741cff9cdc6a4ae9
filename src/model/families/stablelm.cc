// StableLM (Bellagente et al. 2024), from Hugging Face folders
// (StableLmForCausalLM) and from GGUF ("stablelm").
//
//   x += o_proj(attention(rope(q), rope(k), v)), q k v of input_layernorm(x)
//   x += down(act(gate) * up), gate and up of post_attention_layernorm(x)
//
// or, with use_parallel_residual, both of input_layernorm(x). The first
// partial_rotary_factor of a head's features turn, in halves; with qk_layernorm
// each head of queries and keys is normed before, by weights of its own. Norms
// are LayerNorms, those of heads without bias.
#include <array>
#include <string_view>
#include <utility>

#include "model/families/gguf_keys.h"
#include "model/families/hf_sizes.h"
#include "model/families/llama.h"
#include "model/families/load.h"

namespace pellucid::families {
namespace {

using Bias = WeightRules::Bias;

// StableLmConfig's own, where a key is absent.
constexpr HfSizeDefaults kDefaults = {.vocab_size = 50304,
                                      .d_model = 2560,
                                      .n_layers = 32,
                                      .n_heads = 32,
                                      .n_kv_heads = 32,
                                      .head_dim = {},
                                      .context = 4096};
constexpr std::size_t kDefaultInner = 6912;
constexpr double kDefaultEps = 1e-5;
constexpr double kDefaultPartial = 0.25;

ArchSpec Describe(bool parallel, bool norms_heads) {
  ArchSpec spec;
  spec.architecture = "stablelm";
  spec.modules = LlamaModules();
  spec.modules.same = {{Point::kMlp, "dropout"}};
  if (parallel) spec.modules[Point::kMlpNorm].clear();
  if (norms_heads) {
    spec.modules[Point::kQueryNorm] = "self_attn.q_layernorm";
    spec.modules[Point::kKeyNorm] = "self_attn.k_layernorm";
    spec.modules.each_head = {
        {Point::kQueryNorm, "self_attn.q_layernorm.norms"},
        {Point::kKeyNorm, "self_attn.k_layernorm.norms"}};
  }
  spec.norm = NormKind::kLayer;
  spec.order = parallel ? BlockOrder::kParallel : BlockOrder::kSequential;
  return spec;
}

WeightRules Rules(Bias qkv, bool norms_heads) {
  WeightRules rules;
  rules.norm = NormForm::kWeightAndBias;
  rules.qkv = qkv;
  rules.qk_norm_by_head = norms_heads;
  return rules;
}

}  // namespace

Result<LoadedModel> StableLmFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  PELLUCID_ASSIGN_OR_RETURN(const bool parallel,
                            config.Bool({"use_parallel_residual"}, false));
  PELLUCID_ASSIGN_OR_RETURN(const bool norms_heads,
                            config.Bool({"qk_layernorm"}, false));
  PELLUCID_ASSIGN_OR_RETURN(const bool biased,
                            config.Bool({"use_qkv_bias"}, false));
  ArchSpec spec = Describe(parallel, norms_heads);
  HfParts parts;
  parts.rules = Rules(biased ? Bias::kRequired : Bias::kNone, norms_heads);
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, kDefaults, spec));
  PELLUCID_ASSIGN_OR_RETURN(spec.d_mlp, config.Size({"intermediate_size"}, 1,
                                                    kMaxSize, kDefaultInner));
  PELLUCID_ASSIGN_OR_RETURN(spec.norm_eps,
                            config.Positive({"layer_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(parts.activation,
                            ReadActivation(config, "silu", spec));
  PELLUCID_ASSIGN_OR_RETURN(parts.rules.tied,
                            config.Bool({"tie_word_embeddings"}, false));
  PELLUCID_ASSIGN_OR_RETURN(
      parts.rope, ReadHfRope(config, {.partial = kDefaultPartial}, spec));
  return LoadHf(loader, parts, std::move(spec));
}

// The converter writes use_parallel_residual as true where config.json has no
// such key, against the class; whether there is a norm of the MLP tells.
Result<LoadedModel> StableLmFromGguf(const GgufFile& file) {
  constexpr std::array<std::string_view, 1> kOwnKeys = {
      "use_parallel_residual"};
  GgufLoader loader(file);
  const GgufKeys keys("stablelm");
  PELLUCID_RETURN_IF_ERROR(CheckKnownKeys(loader, keys, kOwnKeys));
  const bool parallel = !loader.HasTensor("blk.0.ffn_norm.weight");
  const bool norms_heads = loader.HasTensor("blk.0.attn_q_norm.weight");
  ArchSpec spec = Describe(parallel, norms_heads);
  PELLUCID_RETURN_IF_ERROR(ReadGgufSizes(loader, keys, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, keys("attention.layer_norm_epsilon"), kDefaultEps));
  const GgufParts parts{.rules = Rules(Bias::kIfStored, norms_heads),
                        .names = {},
                        .rotates = kernels::RopePairs::kHalves,
                        .activation = "silu"};
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
