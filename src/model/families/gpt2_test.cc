#include "model/families/gpt2.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "trace/site_table.h"

namespace pellucid::families {
namespace {

ArchSpec TwoHeads() {
  ArchSpec spec;
  spec.n_layers = 3;
  spec.d_model = 10;
  spec.n_heads = 2;
  DescribeGpt2(spec);
  return spec;
}

TEST(Gpt2Test, HeadsShareTheWidth) {
  const ArchSpec spec = TwoHeads();
  EXPECT_EQ(spec.head_dim, 5u);
  EXPECT_EQ(spec.n_kv_heads, 2u);
  EXPECT_EQ(spec.norm, NormKind::kLayer);
  EXPECT_TRUE(spec.ropes.empty());
}

TEST(Gpt2Test, ScalesAreThoseOfTheThreeSettings) {
  const auto scales = [](bool by_width, bool by_layer) {
    ArchSpec spec = TwoHeads();
    ScaleGpt2Attention(by_width, by_layer, spec);
    std::vector<float> out;
    for (const LayerSpec& layer : spec.layers) {
      out.push_back(layer.attention_scale);
      EXPECT_FALSE(layer.rope.has_value());
    }
    return out;
  };
  const double root = std::sqrt(5.0);
  const auto narrow = [](double x) { return static_cast<float>(x); };
  EXPECT_EQ(scales(true, false), std::vector<float>(3, narrow(1 / root)));
  EXPECT_EQ(scales(false, false), std::vector<float>(3, 1.0f));
  EXPECT_EQ(scales(true, true),
            (std::vector<float>{narrow(1 / root), narrow(1 / (root * 2)),
                                narrow(1 / (root * 3))}));
}

// Paths of GPT2LMHeadModel; mlxterp and TransformerLens know them by others.
TEST(Gpt2Test, SitesAreCalledAsInHuggingFace) {
  const ArchSpec spec = TwoHeads();
  const SiteTable table(spec.modules, spec.Sizes());
  for (const auto& [name, canonical] :
       std::vector<std::pair<std::string, std::string>>{
           {"hook_embed", "transformer.wte"},
           {"wpe", "transformer.wpe"},
           {"transformer.drop", "embed"},
           {"model.model.h.2", "transformer.h.2"},
           {"h.2.resid_post", "transformer.h.2"},
           {"blocks.1.ln_none", ""},
           {"blocks.1.hook_resid_mid", "transformer.h.1.resid_mid"},
           {"model.h.1.attn.c_attn", "transformer.h.1.attn.c_attn"},
           {"blocks.0.attn.hook_q", "transformer.h.0.attn.q"},
           {"h.0.attn.resid_dropout", "transformer.h.0.attn.c_proj"},
           {"blocks.0.hook_attn_out", "transformer.h.0.attn"},
           {"blocks.0.mlp.hook_pre", "transformer.h.0.mlp.c_fc"},
           {"blocks.0.mlp.hook_post", "transformer.h.0.mlp.post"},
           {"ln_f", "transformer.ln_f"},
           {"transformer.lm_head", "lm_head"}}) {
    const auto site = table.Find(name);
    EXPECT_EQ(site.ok(), !canonical.empty()) << name;
    if (!site.ok()) continue;
    EXPECT_EQ((*site)->name, canonical) << name;
  }
}

TEST(Gpt2Test, DetailsAreForPeople) {
  ArchSpec spec = TwoHeads();
  spec.norm_eps = 1e-5f;
  Weights weights;
  weights.tied = true;
  NoteGpt2Details(weights, "gelu_new", spec);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"layer_norm_epsilon", "1e-05"},
      {"activation_function", "gelu_new"},
      {"tie_word_embeddings", "true"}};
  EXPECT_EQ(spec.details, expected);
}

}  // namespace
}  // namespace pellucid::families
