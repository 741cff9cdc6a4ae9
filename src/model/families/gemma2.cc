// Gemma 2 (Gemma Team 2024), from Hugging Face folders and GGUF. Beside what
// gemma.h says: four norms, caps on scores and logits, a scale of attention
// that does not follow from the size of heads, and windows in every other
// block, the first among them.
//
//   x += post_attention_layernorm(attention(input_layernorm(x)))
//   x += post_feedforward_layernorm(mlp(pre_feedforward_layernorm(x)))
//   scores = cap * tanh(q.k / sqrt(query_pre_attn_scalar) / cap)
//   logits = cap * tanh(lm_head(norm(x)) / cap)
#include <array>
#include <utility>
#include <vector>

#include "model/families/gemma.h"
#include "model/families/gguf_keys.h"
#include "model/families/windows.h"

namespace pellucid::families {
namespace {

// Gemma2Config's own, where a key is absent.
constexpr LlamaDefaults kDefaults = {.sizes = {.vocab_size = 256000,
                                               .d_model = 2304,
                                               .n_layers = 26,
                                               .n_heads = 8,
                                               .n_kv_heads = 4,
                                               .head_dim = 256,
                                               .context = 8192},
                                     .d_mlp = 9216,
                                     .tied = true};
constexpr std::size_t kWindow = 4096;
constexpr double kScoreCap = 50, kLogitCap = 30;
constexpr std::size_t kLayersOf27B = 46;
constexpr std::array<std::string_view, 3> kOwnKeys = {
    "attention.sliding_window", "attn_logit_softcapping",
    "final_logit_softcapping"};

ArchSpec MakeSpec() {
  ArchSpec spec;
  spec.architecture = "gemma2";
  spec.modules = FourNormModules();
  return spec;
}

std::vector<bool> EveryOther(std::size_t n_layers) {
  std::vector<bool> slides(n_layers);
  for (std::size_t i = 0; i < n_layers; i += 2) slides[i] = true;
  return slides;
}

}  // namespace

Result<LoadedModel> Gemma2FromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec = MakeSpec();
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadGemmaConfig(config, kDefaults, spec, parts));
  PELLUCID_RETURN_IF_ERROR(ReadLlamaRope(config, kDefaults.rope, spec, parts));
  PELLUCID_RETURN_IF_ERROR(ReadQueryScalar(config, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.score_cap, ReadCap(config, "attn_logit_softcapping", kScoreCap));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.logits.cap, ReadCap(config, "final_logit_softcapping", kLogitCap));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t window,
                            ReadWindow(config, kWindow));
  // An older name, in published files beside it; no class reads it.
  PELLUCID_RETURN_IF_ERROR(config.Number({"sliding_window_size"}, 0.0));
  PELLUCID_ASSIGN_OR_RETURN(const auto slides,
                            ReadLayerTypes(config, spec.n_layers));
  PELLUCID_RETURN_IF_ERROR(SetWindows(
      config, window, slides ? *slides : EveryOther(spec.n_layers), spec));
  return LoadHf(loader, parts, std::move(spec));
}

Result<LoadedModel> Gemma2FromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("gemma2");
  ArchSpec spec = MakeSpec();
  spec.activation = kernels::Activation::kGeluTanh;
  PELLUCID_RETURN_IF_ERROR(
      ReadGemmaHeader(loader, keys, kOwnKeys, kLayersOf27B, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.score_cap,
      PositiveFloat(loader, keys("attn_logit_softcapping"), kScoreCap));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.logits.cap,
      PositiveFloat(loader, keys("final_logit_softcapping"), kLogitCap));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t window,
      loader.Size(keys("attention.sliding_window"), 1, kMaxSize, kWindow));
  const std::vector<bool> slides = EveryOther(spec.n_layers);
  for (std::size_t i = 0; i < spec.n_layers; ++i) {
    if (slides[i]) spec.layers[i].window = window;
  }
  return LoadGguf(loader, keys, GemmaGgufParts(), std::move(spec));
}

}  // namespace pellucid::families
