// GPT-Neo (Black et al. 2021), from Hugging Face folders (GPTNeoForCausalLM).
//
//   x  = wte[token] + wpe[position]
//   x += out_proj(attention(q, k, v)), q k v of ln_1(x)
//   x += c_proj(act(c_fc(ln_2(x))))
//
// Dots of queries and keys are not scaled. "local" blocks see the last
// window_size keys, "global" ones all; queries, keys and values have no bias.
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/quote.h"
#include "model/families/hf_sizes.h"
#include "model/families/load.h"

namespace pellucid::families {
namespace {

// GPTNeoConfig's own, where a key is absent.
constexpr std::size_t kDefaultLayers = 24;
constexpr std::size_t kDefaultHeads = 16;
constexpr std::size_t kDefaultWindow = 256;
constexpr double kDefaultEps = 1e-5;

ModuleNames Modules() {
  ModuleNames names;
  names.base = "transformer";
  names.layers = "h";
  names.attn = "attn.attention";
  names.mlp = "mlp";
  names[Point::kEmbedTokens] = "wte";
  names[Point::kPosEmbed] = "wpe";
  names[Point::kAttnNorm] = "ln_1";
  names[Point::kQuery] = "attn.attention.q_proj";
  names[Point::kKey] = "attn.attention.k_proj";
  names[Point::kValue] = "attn.attention.v_proj";
  names[Point::kAttnProj] = "attn.attention.out_proj";
  names[Point::kAttn] = "attn";
  names[Point::kMlpNorm] = "ln_2";
  names[Point::kUp] = "mlp.c_fc";
  names[Point::kAct] = "mlp.act";
  names[Point::kDown] = "mlp.c_proj";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "ln_f";
  names[Point::kHead] = "lm_head";
  names.same = {{Point::kEmbed, "drop"},
                {Point::kAttnProj, "attn.attention.resid_dropout"},
                {Point::kAttn, "attn.attention"},
                {Point::kDown, "mlp.dropout"}};
  return names;
}

// The spellings of this family; those of others follow.
Status ReadSizes(HfModelConfig& config, ArchSpec& spec) {
  HfSizeDefaults defaults{.vocab_size = 50257,
                          .d_model = 2048,
                          .n_layers = {},
                          .n_heads = {},
                          .n_kv_heads = {},
                          .head_dim = {},
                          .context = 2048};
  PELLUCID_ASSIGN_OR_RETURN(defaults.n_layers,
                            config.Size({"num_layers", "num_hidden_layers"}, 1,
                                        kMaxLayers, kDefaultLayers));
  PELLUCID_ASSIGN_OR_RETURN(defaults.n_heads,
                            config.Size({"num_heads", "num_attention_heads"}, 1,
                                        kMaxSize, kDefaultHeads));
  return ReadHfSizes(config, defaults, spec);
}

// By "attention_layers", a name a block, or by "attention_types", names and how
// often they recur; where both are there, transformers takes the former.
Status ReadWindows(HfModelConfig& config, ArchSpec& spec) {
  PELLUCID_ASSIGN_OR_RETURN(
      const std::size_t window,
      config.Size({"window_size"}, 1, kMaxSize, kDefaultWindow));
  PELLUCID_ASSIGN_OR_RETURN(std::vector<std::string_view> types,
                            config.Strings({"attention_layers"}));
  std::string_view key = "attention_layers";
  PELLUCID_ASSIGN_OR_RETURN(
      std::vector<std::string_view> recurring,
      config.RecurringStrings({"attention_types"}, kMaxLayers));
  if (types.empty()) {
    types = std::move(recurring);
    key = "attention_types";
  }
  if (types.empty()) {
    for (std::size_t i = 0; i < kDefaultLayers; ++i) {
      types.push_back(i % 2 == 0 ? "global" : "local");
    }
  }
  if (types.size() != spec.n_layers) {
    return config.Problem(key, fmt::format("is of {} blocks; there are {}",
                                           types.size(), spec.n_layers));
  }
  for (std::size_t layer = 0; layer < spec.n_layers; ++layer) {
    if (types[layer] == "local") {
      spec.layers[layer].window = window;
    } else if (types[layer] != "global") {
      return config.Problem(key, fmt::format("holds \"{}\": unsupported; this "
                                             "version reads global and local",
                                             Quote(types[layer])));
    }
  }
  return {};
}

}  // namespace

Result<LoadedModel> GptNeoFromHf(const HfFolder& folder) {
  HfLoader loader(folder, "transformer");
  HfModelConfig& config = loader.config();
  ArchSpec spec;
  spec.architecture = "gpt_neo";
  spec.modules = Modules();
  spec.norm = NormKind::kLayer;
  HfParts parts;
  PELLUCID_RETURN_IF_ERROR(ReadSizes(config, spec));
  MakeLayers(/*attention_scale=*/1, spec);
  PELLUCID_RETURN_IF_ERROR(ReadWindows(config, spec));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.d_mlp,
      config.Size({"intermediate_size"}, 1, kMaxSize, 4 * spec.d_model));
  PELLUCID_ASSIGN_OR_RETURN(
      spec.norm_eps,
      config.Positive({"layer_norm_epsilon", "layer_norm_eps"}, kDefaultEps));
  PELLUCID_ASSIGN_OR_RETURN(parts.activation,
                            ReadActivation(config, "gelu_new", spec));
  parts.rules.norm = NormForm::kWeightAndBias;
  parts.rules.attn_out = parts.rules.mlp = WeightRules::Bias::kRequired;
  PELLUCID_ASSIGN_OR_RETURN(parts.rules.tied,
                            config.Bool({"tie_word_embeddings"}, true));
  return LoadHf(loader, parts, std::move(spec));
}

}  // namespace pellucid::families
