// Llama from a Hugging Face folder: LlamaForCausalLM.
#include <string_view>
#include <utility>

#include "model/families/hf_rope.h"
#include "model/families/hf_sizes.h"
#include "model/families/hf_weights.h"
#include "model/families/llama.h"
#include "model/family.h"
#include "model/hf_loader.h"

namespace pellucid::families {
namespace {

// Where a key is absent, LlamaConfig's own default.
constexpr double kDefaultEps = 1e-6;

Result<WeightRules> ReadRules(HfModelConfig& config) {
  using Bias = WeightRules::Bias;
  PELLUCID_ASSIGN_OR_RETURN(const bool attention,
                            config.Bool({"attention_bias"}, false));
  PELLUCID_ASSIGN_OR_RETURN(const bool mlp, config.Bool({"mlp_bias"}, false));
  WeightRules rules;
  rules.qkv = rules.attn_out = attention ? Bias::kRequired : Bias::kNone;
  rules.mlp = mlp ? Bias::kRequired : Bias::kNone;
  PELLUCID_ASSIGN_OR_RETURN(rules.tied,
                            config.Bool({"tie_word_embeddings"}, false));
  return rules;
}

}  // namespace

Result<LoadedModel> LlamaFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "model");
  HfModelConfig& config = loader.config();
  ArchSpec spec;
  spec.architecture = "llama";
  spec.modules = LlamaModules();
  PELLUCID_RETURN_IF_ERROR(ReadHfSizes(config, {}, spec));
  PELLUCID_ASSIGN_OR_RETURN(spec.d_mlp,
                            config.Size({"intermediate_size"}, 1, kMaxSize));
  PELLUCID_ASSIGN_OR_RETURN(spec.norm_eps,
                            config.Positive({"rms_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view activation,
                            ReadActivation(config, "silu", spec));
  PELLUCID_ASSIGN_OR_RETURN(const WeightRules rules, ReadRules(config));
  PELLUCID_ASSIGN_OR_RETURN(const HfRope rope, ReadHfRope(config, {}, spec));
  PELLUCID_RETURN_IF_ERROR(config.CheckAllKnown());
  PELLUCID_ASSIGN_OR_RETURN(Weights weights,
                            ReadHfWeights(loader, rules, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      RopeSpec made,
      MakeHfRope(loader, rope, kernels::RopePairs::kHalves, spec));
  spec.ropes.push_back(std::move(made));
  NoteLlamaDetails(weights, activation, spec);
  return LoadedModel{std::move(spec), std::move(weights)};
}

}  // namespace pellucid::families
