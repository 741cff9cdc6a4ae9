#include "model/families/llama.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "trace/site_table.h"

namespace pellucid::families {
namespace {

ArchSpec TwoLayers() {
  ArchSpec spec;
  spec.n_layers = 2;
  spec.modules = LlamaModules();
  spec.layers.resize(2);
  return spec;
}

// Paths of LlamaForCausalLM; mlxterp and TransformerLens know them by others.
TEST(LlamaTest, SitesAreCalledAsInHuggingFace) {
  const ArchSpec spec = TwoLayers();
  const SiteTable table(spec.modules, spec.Sizes());
  for (const auto& [name, canonical] :
       std::vector<std::pair<std::string, std::string>>{
           {"hook_embed", "model.embed_tokens"},
           {"model.model.layers.1.self_attn", "model.layers.1.self_attn"},
           {"blocks.1.hook_mlp_out", "model.layers.1.mlp"},
           {"blocks.0.hook_attn_out", "model.layers.0.self_attn"},
           {"layers.1.resid_post", "model.layers.1"},
           {"model", "model.norm"},
           {"lm_head", "lm_head"}}) {
    const auto site = table.Find(name);
    ASSERT_TRUE(site.ok()) << name;
    EXPECT_EQ((*site)->name, canonical) << name;
  }
}

TEST(LlamaTest, DetailsAreForPeople) {
  ArchSpec spec = TwoLayers();
  spec.norm_eps = 1e-5f;
  spec.layers.front().window = 7;
  NoteLlamaDetails({}, "silu", spec);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"rms_norm_eps", "1e-05"},
      {"hidden_act", "silu"},
      {"tie_word_embeddings", "false"},
      {"sliding_window", "7"}};
  EXPECT_EQ(spec.details, expected);
}

}  // namespace
}  // namespace pellucid::families
