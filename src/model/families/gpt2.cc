#include "model/families/gpt2.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace pellucid::families {
namespace {

ModuleNames Gpt2Modules() {
  ModuleNames names;
  names.base = "transformer";
  names.layers = "h";
  names.attn = "attn";
  names.mlp = "mlp";
  names[Point::kEmbedTokens] = "wte";
  names[Point::kPosEmbed] = "wpe";
  names[Point::kAttnNorm] = "ln_1";
  names[Point::kQkv] = "attn.c_attn";
  names[Point::kAttnProj] = "attn.c_proj";
  names[Point::kAttn] = "attn";
  names[Point::kMlpNorm] = "ln_2";
  names[Point::kUp] = "mlp.c_fc";
  names[Point::kAct] = "mlp.act";
  names[Point::kDown] = "mlp.c_proj";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "ln_f";
  names[Point::kHead] = "lm_head";
  names.same = {{Point::kEmbed, "drop"},
                {Point::kAttnProj, "attn.resid_dropout"},
                {Point::kDown, "mlp.dropout"}};
  return names;
}

}  // namespace

void DescribeGpt2(ArchSpec& spec) {
  spec.architecture = "gpt2";
  spec.modules = Gpt2Modules();
  spec.norm = NormKind::kLayer;
  spec.n_kv_heads = spec.n_heads;
  spec.head_dim = spec.d_model / spec.n_heads;
}

void ScaleGpt2Attention(bool by_width, bool by_layer, ArchSpec& spec) {
  const double root =
      by_width ? std::sqrt(static_cast<double>(spec.head_dim)) : 1;
  for (std::size_t layer = 0; layer < spec.n_layers; ++layer) {
    const double depth = by_layer ? static_cast<double>(layer + 1) : 1;
    const auto scale = static_cast<float>(1 / (root * depth));
    spec.layers.push_back({.attention_scale = scale, .rope = {}});
  }
}

void NoteGpt2Details(const Weights& weights, std::string_view activation,
                     ArchSpec& spec) {
  spec.details.emplace_back("layer_norm_epsilon",
                            fmt::format("{}", spec.norm_eps));
  spec.details.emplace_back("activation_function", activation);
  spec.details.emplace_back("tie_word_embeddings",
                            weights.tied ? "true" : "false");
}

}  // namespace pellucid::families
