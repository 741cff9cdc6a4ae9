// OLMo 2 (OLMo et al. 2024; Olmo2ForCausalLM), from Hugging Face folders and
// GGUF. Llama (llama.h) with norms behind its parts instead of before them, and
// with norms of all queries, and of all keys, of a token together.
//
//   x += post_attention_layernorm(attention(rope(q_norm(q)), rope(k_norm(k)),
//        v)), q k v of x
//   x += post_feedforward_layernorm(mlp(x))
#include <utility>

#include "model/families/llama.h"
#include "model/families/llama_like.h"

namespace pellucid::families {
namespace {

// Olmo2Config's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 50304,
                                               .d_model = 4096,
                                               .n_layers = 32,
                                               .n_heads = 32,
                                               .n_kv_heads = {},
                                               .head_dim = {},
                                               .context = 2048},
                                     .d_mlp = 11008,
                                     .eps = 1e-5};

ArchSpec MakeSpec() {
  ArchSpec spec;
  spec.architecture = "olmo2";
  spec.modules = LlamaModules();
  AddHeadNorms(spec.modules);
  spec.modules[Point::kAttnNorm] = "";
  spec.modules[Point::kAttnPostNorm] = "post_attention_layernorm";
  spec.modules[Point::kMlpNorm] = "";
  spec.modules[Point::kMlpPostNorm] = "post_feedforward_layernorm";
  spec.qk_norm = QkNorm::kWhole;
  return spec;
}

}  // namespace

Result<LoadedModel> Olmo2FromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = MakeSpec();
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadLlamaConfig(config, kDefaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(ReadAttentionBias(config, parts.rules));
  return LoadHf(loader, parts, std::move(spec));
}

Result<LoadedModel> Olmo2FromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("olmo2");
  ArchSpec spec = MakeSpec();
  PELLUCID_RETURN_IF_ERROR(ReadLlamaHeader(loader, keys, {}, spec));
  GgufParts parts{.rotates = kernels::RopePairs::kHalves, .activation = "silu"};
  parts.rules.qkv = parts.rules.attn_out = WeightRules::Bias::kIfStored;
  return LoadGguf(loader, keys, parts, std::move(spec));
}

}  // namespace pellucid::families
