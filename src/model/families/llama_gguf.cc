// Llama from GGUF: general.architecture "llama". The converter interleaves the
// rotary halves of q and k rows, which is undone here, and stores Llama 3's
// scaling as one divisor a frequency. Mistral comes under this name too, and,
// with experts, Mixtral (mixtral.cc).
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "model/families/gguf_keys.h"
#include "model/families/gguf_sizes.h"
#include "model/families/gguf_weights.h"
#include "model/families/llama.h"
#include "model/family.h"
#include "model/gguf_loader.h"

namespace pellucid::families {
namespace {

constexpr std::array<std::string_view, 3> kOwnKeys = {
    "attention.sliding_window", "expert_count", "expert_used_count"};

WeightRules Rules() {
  using Bias = WeightRules::Bias;
  WeightRules rules;
  rules.qkv = rules.attn_out = rules.mlp = Bias::kIfStored;
  rules.interleaved_qk = true;
  return rules;
}

}  // namespace

Result<LoadedModel> LlamaFromGguf(const GgufFile& file) {
  GgufLoader loader(file);
  const GgufKeys keys("llama");
  PELLUCID_ASSIGN_OR_RETURN(
      const std::uint64_t experts,
      file.Unsigned(keys("expert_count"), std::uint64_t{0}));
  if (experts > 0) return MixtralFromGguf(file);
  ArchSpec spec;
  spec.architecture = "llama";
  spec.modules = LlamaModules();
  PELLUCID_RETURN_IF_ERROR(CheckKnownKeys(loader, keys, kOwnKeys));
  PELLUCID_RETURN_IF_ERROR(ReadGgufSizes(loader, keys, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t window,
      loader.Size(keys("attention.sliding_window"), 0, kMaxSize, 0));
  for (LayerSpec& layer : spec.layers) layer.window = window;
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      PositiveFloat(loader, keys("attention.layer_norm_rms_epsilon"), 1e-5));
  PELLUCID_ASSIGN_OR_RETURN(Weights weights,
                            ReadGgufWeights(loader, Rules(), spec));
  PELLUCID_ASSIGN_OR_RETURN(
      RopeSpec rope,
      ReadGgufRope(loader, keys, kernels::RopePairs::kHalves, spec));
  spec.ropes.push_back(std::move(rope));
  PELLUCID_RETURN_IF_ERROR(loader.CheckAllTaken());
  NoteLlamaDetails(weights, "silu", spec);
  return LoadedModel{std::move(spec), std::move(weights)};
}

}  // namespace pellucid::families
