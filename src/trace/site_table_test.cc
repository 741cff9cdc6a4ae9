#include "trace/site_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "testutil/modules.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SiteTableTest : public ::testing::Test {
 protected:
  std::vector<std::string> NamesMatching(std::string_view pattern) const {
    std::vector<std::string> names;
    for (const Site* site : table_.Match(pattern).value()) {
      names.push_back(site->name);
    }
    return names;
  }

  SiteTable table_{testutil::TinyModules(), testutil::TinySizes()};
};

TEST_F(SiteTableTest, CanonicalNamesAreModulePathsAndDerivedPoints) {
  EXPECT_EQ(table_.NameOf({Point::kResidPost, 1}), "model.layers.1");
  EXPECT_EQ(table_.NameOf({Point::kQuery, 0}),
            "model.layers.0.self_attn.q_proj");
  EXPECT_EQ(table_.NameOf({Point::kZ, 0}), "model.layers.0.self_attn.z");
  EXPECT_EQ(table_.NameOf({Point::kMlpPost, 1}), "model.layers.1.mlp.post");
  EXPECT_EQ(table_.NameOf({Point::kEmbed}), "embed");
  EXPECT_EQ(table_.NameOf({Point::kHead}), "lm_head");
}

// Every spelling of the contract finds its point.
TEST_F(SiteTableTest, AliasesFindTheSamePoint) {
  const struct {
    std::string_view alias;
    SiteKey key;
  } kCases[] = {
      {"model.layers.1.resid_post", {Point::kResidPost, 1}},
      {"layers.1", {Point::kResidPost, 1}},
      {"layers.1.resid_post", {Point::kResidPost, 1}},
      {"model.model.layers.1", {Point::kResidPost, 1}},
      {"blocks.1.hook_resid_post", {Point::kResidPost, 1}},
      {"blocks.0.hook_resid_pre", {Point::kResidPre, 0}},
      {"blocks.0.hook_resid_mid", {Point::kResidMid, 0}},
      {"blocks.0.hook_attn_out", {Point::kAttn, 0}},
      {"blocks.0.hook_mlp_out", {Point::kMlp, 0}},
      {"blocks.0.attn.hook_q", {Point::kQuery, 0}},
      {"blocks.0.attn.hook_z", {Point::kZ, 0}},
      {"blocks.0.attn.hook_pattern", {Point::kPattern, 0}},
      {"blocks.0.attn.hook_attn_scores", {Point::kScores, 0}},
      {"blocks.0.mlp.hook_pre", {Point::kGate, 0}},
      {"blocks.0.mlp.hook_post", {Point::kMlpPost, 0}},
      {"model.model.layers.0.self_attn", {Point::kAttn, 0}},
      {"layers.0.self_attn.q_proj", {Point::kQuery, 0}},
      {"embed_tokens", {Point::kEmbedTokens, 0}},
      {"hook_embed", {Point::kEmbedTokens, 0}},
      {"norm", {Point::kFinalNorm, 0}},
      {"model", {Point::kFinalNorm, 0}},
      {"ln_final.hook_normalized", {Point::kFinalNorm, 0}},
      {"model.lm_head", {Point::kHead, 0}},
      {"logits", {Point::kLogits, 0}},
  };
  for (const auto& c : kCases) {
    const auto found = table_.Find(c.alias);
    ASSERT_TRUE(found.ok()) << c.alias;
    EXPECT_EQ((*found)->key, c.key) << c.alias;
  }
}

TEST_F(SiteTableTest, NoSpellingNamesTwoSites) {
  std::set<std::string> seen;
  for (const Site& site : table_.sites()) {
    EXPECT_TRUE(seen.insert(site.name).second) << site.name;
    for (const std::string& alias : site.aliases) {
      EXPECT_TRUE(seen.insert(alias).second) << alias;
    }
  }
}

TEST_F(SiteTableTest, AModuleThatTheArchitectureLacksIsNoSite) {
  EXPECT_FALSE(table_.Find("model.rotary_emb").ok());
  EXPECT_FALSE(table_.Has({Point::kRotary}));
  EXPECT_FALSE(table_.Has({Point::kAttnNorm, 1}));
  for (const Site& site : table_.sites()) EXPECT_TRUE(table_.Has(site.key));
  EXPECT_FALSE(table_.Find("model.layers.0.self_attn.k_proj").ok());
}

TEST_F(SiteTableTest, UnknownNamesAreUsageErrorsWithTheNearest) {
  const auto missing = table_.Find("model.layers.0.self_atn.q_proj");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kUsage);
  EXPECT_THAT(missing.error().message,
              HasSubstr("nearest: model.layers.0.self_attn.q_proj"));
  EXPECT_FALSE(table_.Find("model.layers.2").ok());
  EXPECT_FALSE(table_.Find("").ok());
}

TEST_F(SiteTableTest, AStarStandsForARunWithoutADot) {
  EXPECT_THAT(NamesMatching("model.layers.*"),
              ElementsAre("model.layers.0", "model.layers.1"));
  EXPECT_THAT(NamesMatching("blocks.*.hook_resid_post"),
              ElementsAre("model.layers.0", "model.layers.1"));
  EXPECT_THAT(NamesMatching("model.layers.1.*.*_proj"),
              ElementsAre("model.layers.1.self_attn.q_proj",
                          "model.layers.1.mlp.gate_proj"));
  EXPECT_THAT(NamesMatching("l*ts"), ElementsAre("logits"));
  EXPECT_FALSE(table_.Match("model.*.q_proj").ok());
  EXPECT_EQ(table_.Match("nothing.*").error().code, ErrorCode::kUsage);
}

TEST_F(SiteTableTest, AllIsEverythingButScoresAndPattern) {
  std::size_t attention = 0;
  for (const Site& site : table_.sites()) {
    attention += IsAttentionMatrix(site.key.point) ? 1 : 0;
  }
  EXPECT_EQ(attention, 4u);  // two layers
  EXPECT_EQ(NamesMatching("all").size(), table_.sites().size() - attention);
}

TEST_F(SiteTableTest, AHeadsOwnModuleIsASiteBesideItsPoint) {
  const SiteTable table(testutil::ModulesWithHeads(), testutil::TinySizes());
  const Site* one = table.Find("layers.1.self_attn.q_norm.norms.1").value();
  EXPECT_EQ(one->name, "model.layers.1.self_attn.q_norm.norms.1");
  EXPECT_EQ(one->key, (SiteKey{Point::kQueryNorm, 1}));
  EXPECT_EQ(one->head, 1u);
  EXPECT_THAT(table.FeatureShape(*one), ElementsAre(3u));
  EXPECT_EQ(table.NameOf(one->key), "model.layers.1.self_attn.q_norm");
  EXPECT_FALSE(table.Find("model.layers.1.self_attn.q_norm.norms.2").ok());
}

TEST_F(SiteTableTest, DescribesShapes) {
  for (const SiteInfo& info : table_.Describe()) {
    if (info.name == "logits") {
      EXPECT_EQ(info.shape, "[tokens, 11]");
    }
    if (info.name == "model.layers.0.self_attn.z") {
      EXPECT_EQ(info.shape, "[tokens, 2, 3]");
    }
    if (info.name == "model.layers.0.self_attn.pattern") {
      EXPECT_EQ(info.shape, "[2, queries, keys]");
    }
  }
}

}  // namespace
}  // namespace pellucid
