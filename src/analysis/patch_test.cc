// Every cell of a grid is a whole run with the same edit, bit for bit; and what
// cells there are.
#include "pellucid/patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "analysis/patch_layout.h"
#include "pellucid/edit.h"
#include "pellucid/model.h"
#include "testutil/hf_goldens.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr TokenId kAnswer = 3, kFoil = 5;

std::vector<TokenId> RandomIds(const Model& model, std::uint64_t seed,
                               std::size_t count) {
  testutil::Random random(seed);
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) {
    id = static_cast<TokenId>(random.Below(model.info().vocab_size));
  }
  return ids;
}

// Prompts of 7 tokens that differ in the third and in the fifth.
PatchPair MakePair(const Model& model) {
  PatchPair pair;
  pair.clean = RandomIds(model, 1, 7);
  pair.corrupt = pair.clean;
  const auto other = [&](std::size_t at) {
    pair.corrupt[at] = (pair.clean[at] + 1) % 7;
  };
  other(2);
  other(4);
  pair.answer = {kAnswer};
  pair.foil = {kFoil};
  return pair;
}

std::string SiteName(const std::string& site, std::size_t layer) {
  const std::string block = "blocks." + std::to_string(layer) + ".";
  if (site == "attn_out" || site == "mlp_out" || site.starts_with("resid")) {
    return block + "hook_" + site;
  }
  return block + "attn.hook_" + site;
}

// An edit that puts what `source` recorded in place.
Edit Replace(const Trace& source, const std::string& site,
             std::vector<std::size_t> positions,
             std::vector<std::size_t> heads) {
  Edit edit{.site = site, .kind = EditKind::kReplace};
  edit.scope.positions = Selection::Of({positions.begin(), positions.end()});
  edit.scope.heads = std::move(heads);
  const Tensor& values = *source.Find(site);
  edit.values = values;
  if (values.shape.size() == 3 && values.shape[0] != source.ids.size()) {
    return edit;  // a pattern
  }
  edit.values.shape = {source.ids.size(), values.RowSize()};
  return edit;
}

double LogitDiff(const Model& model, const std::vector<TokenId>& ids,
                 std::vector<Edit> edits) {
  const auto trace =
      model.Run(ids, {.last_logits = true, .edits = std::move(edits)});
  if (!trace.ok()) {
    ADD_FAILURE() << trace.error().message;
    return 0;
  }
  return static_cast<double>(trace->last_logits[kAnswer]) -
         static_cast<double>(trace->last_logits[kFoil]);
}

// A family with windows, one with experts, a parallel one, and GPT-2's kin.
class PatchTest : public ::testing::TestWithParam<std::string> {
 protected:
  PatchTest()
      : model_(
            Model::Open(testutil::FamilyGoldenPath(GetParam()), {.threads = 2})
                .value()),
        pair_(MakePair(model_)) {}

  Trace Clean(const std::vector<std::string>& sites) const {
    return model_.Run(pair_.clean, {.sites = sites}).value();
  }
  PatchGrid Grid(const PatchOptions& options) const {
    auto grid = Patch(model_, pair_, options);
    EXPECT_TRUE(grid.ok()) << grid.error().message;
    return grid.ok() ? *std::move(grid) : PatchGrid{};
  }

  Model model_;
  PatchPair pair_;
};
INSTANTIATE_TEST_SUITE_P(Folders, PatchTest,
                         ::testing::Values("gemma2_plain", "mixtral_plain",
                                           "gpt_neox_pythia", "llama_yarn",
                                           "bloom_plain"),
                         [](const auto& folder) { return folder.param; });

TEST_P(PatchTest, CellsByPositionAreWholeRunsWithTheSameEdit) {
  for (const std::string site :
       {"resid_pre", "resid_mid", "resid_post", "z", "q", "k", "v"}) {
    const std::string first = SiteName(site, 0);
    if (!model_.Run(pair_.clean, {.sites = {first}}).ok()) continue;
    const PatchGrid grid = Grid({.site = site});
    ASSERT_EQ(grid.rows.size(), model_.info().n_layers);
    ASSERT_EQ(grid.columns.size(), pair_.corrupt.size());
    EXPECT_EQ(grid.corrupt, LogitDiff(model_, pair_.corrupt, {}));
    EXPECT_EQ(grid.clean, LogitDiff(model_, pair_.clean, {}));
    for (std::size_t r = 0; r < grid.rows.size(); ++r) {
      const std::string name = SiteName(site, r);
      const Trace clean = Clean({name});
      for (std::size_t c = 0; c < grid.columns.size(); ++c) {
        EXPECT_EQ(grid.values[r][c], LogitDiff(model_, pair_.corrupt,
                                               {Replace(clean, name, {c}, {})}))
            << name << " at " << c;
      }
    }
  }
}

TEST_P(PatchTest, CellsByHeadAreWholeRunsWithTheSameEdit) {
  std::vector<std::size_t> all(pair_.corrupt.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  for (const std::string site : {"z", "q", "v", "pattern"}) {
    const PatchGrid grid = Grid({.site = site, .axes = PatchAxes::kLayerHead});
    for (std::size_t r = 0; r < grid.rows.size(); ++r) {
      const std::string name = SiteName(site, r);
      const Trace clean = Clean({name});
      for (std::size_t c = 0; c < grid.columns.size(); ++c) {
        EXPECT_EQ(
            grid.values[r][c],
            LogitDiff(model_, pair_.corrupt, {Replace(clean, name, all, {c})}))
            << name << " head " << c;
      }
    }
  }
}

TEST_P(PatchTest, AWindowPatchesNeighbouringBlocks) {
  const std::size_t layers = model_.info().n_layers;
  for (const std::string site : {"resid_post", "z"}) {
    const PatchGrid grid =
        Grid({.site = site, .axes = PatchAxes::kLayer, .window = 2});
    for (std::size_t r = 0; r < grid.rows.size(); ++r) {
      std::vector<Edit> edits;
      for (std::size_t layer = r; layer < std::min(r + 2, layers); ++layer) {
        const std::string name = SiteName(site, layer);
        edits.push_back(
            Replace(Clean({name}), name, {0, 1, 2, 3, 4, 5, 6}, {}));
      }
      EXPECT_EQ(grid.values[r][0], LogitDiff(model_, pair_.corrupt, edits))
          << site << " " << r;
    }
  }
}

TEST_P(PatchTest, TheOtherDirectionChangesTheCleanRun) {
  const PatchGrid grid =
      Grid({.site = "z", .direction = PatchDirection::kNoise});
  const std::string name = SiteName("z", 0);
  const Trace corrupt = model_.Run(pair_.corrupt, {.sites = {name}}).value();
  EXPECT_EQ(grid.ids, pair_.clean);
  EXPECT_EQ(grid.clean, LogitDiff(model_, pair_.clean, {}));
  EXPECT_EQ(grid.values[0][4],
            LogitDiff(model_, pair_.clean, {Replace(corrupt, name, {4}, {})}));
}

TEST_P(PatchTest, PatchingARunWithItselfChangesNothing) {
  pair_.corrupt = pair_.clean;
  const PatchGrid grid = Grid({});
  for (std::size_t r = 0; r < grid.rows.size(); ++r) {
    for (std::size_t c = 0; c < grid.columns.size(); ++c) {
      EXPECT_EQ(grid.values[r][c], grid.clean);
      EXPECT_FALSE(grid.recovery[r][c].has_value());
    }
  }
  EXPECT_EQ(grid.share_of_full_runs, 0);
}

// What the metrics say of one another.
TEST_P(PatchTest, MetricsAgree) {
  const auto read = [&](PatchMetric metric) {
    PatchPair pair = pair_;
    pair.foil.clear();
    return Patch(model_, pair, {.site = "resid_post", .metric = metric})
        .value();
  };
  const PatchGrid prob = read(PatchMetric::kProb);
  const PatchGrid logprob = read(PatchMetric::kLogProb);
  const PatchGrid kl = read(PatchMetric::kKl);
  const PatchGrid rank = read(PatchMetric::kRank);
  const auto clean = model_.Run(pair_.clean, {.last_logits = true}).value();
  const auto above = std::ranges::count_if(clean.last_logits, [&](float x) {
    return x > clean.last_logits[kAnswer];
  });
  EXPECT_EQ(rank.clean, static_cast<double>(above + 1));
  EXPECT_EQ(kl.clean, 0);
  EXPECT_GT(kl.corrupt, 0);
  for (std::size_t r = 0; r < prob.rows.size(); ++r) {
    for (std::size_t c = 0; c < prob.columns.size(); ++c) {
      EXPECT_NEAR(std::log(prob.values[r][c]), logprob.values[r][c], 1e-12);
      EXPECT_GE(kl.values[r][c], 0);
    }
  }
  // All of the last block is the clean run.
  const PatchGrid whole = [&] {
    PatchPair pair = pair_;
    pair.foil.clear();
    return Patch(model_, pair,
                 {.axes = PatchAxes::kLayer, .metric = PatchMetric::kKl})
        .value();
  }();
  EXPECT_EQ(whole.values.back()[0], 0);
}

TEST_P(PatchTest, ASequenceIsReadTokenByToken) {
  pair_.answer = {3, 6, 2};
  pair_.foil = {5, 1};
  const PatchGrid grid = Grid({.site = "z", .layers = Selection::Of({0})});
  const auto sum = [&](const std::vector<TokenId>& said) {
    std::vector<TokenId> ids = pair_.corrupt;
    ids.insert(ids.end(), said.begin(), said.end() - 1);
    std::vector<TokenId> source = pair_.clean;
    source.insert(source.end(), said.begin(), said.end() - 1);
    const std::string name = SiteName("z", 0);
    const Trace clean = model_.Run(source, {.sites = {name}}).value();
    const Trace run = model_
                          .Run(ids, {.sites = {"logits"},
                                     .edits = {Replace(clean, name, {4}, {})}})
                          .value();
    double logprob = 0;
    for (std::size_t i = 0; i < said.size(); ++i) {
      const auto logits = run.Find("logits")->Row(pair_.corrupt.size() - 1 + i);
      double exps = 0;
      for (const float x : logits) exps += std::exp(static_cast<double>(x));
      logprob += logits[static_cast<std::size_t>(said[i])] - std::log(exps);
    }
    return logprob;
  };
  EXPECT_NEAR(grid.values[0][4], sum(pair_.answer) - sum(pair_.foil), 1e-5);
}

TEST_P(PatchTest, OnlyWhatLiesAboveAndToTheRightIsComputed) {
  const PatchGrid grid = Grid({});
  // Cells from the third position on, of blocks above their own.
  const std::size_t layers = model_.info().n_layers;
  double tokens = 0, blocks = 0;
  for (std::size_t p = 2; p < 7; ++p) tokens += static_cast<double>(7 - p);
  for (std::size_t l = 0; l < layers; ++l) {
    blocks += static_cast<double>(layers - 1 - l);
  }
  const auto n = static_cast<double>(layers);
  EXPECT_DOUBLE_EQ(grid.share_of_full_runs, tokens * blocks / (7 * n * 7 * n));
}

class PatchErrorTest : public ::testing::Test {
 protected:
  std::string Message(const PatchOptions& options) const {
    const auto grid = Patch(model_, pair_, options);
    if (grid.ok()) return "";
    EXPECT_EQ(grid.error().code, ErrorCode::kUsage);
    return grid.error().message;
  }

  Model model_ = Model::Open(testutil::FamilyGoldenPath("llama_yarn")).value();
  PatchPair pair_ = MakePair(model_);
};

TEST_F(PatchErrorTest, WhatCannotBeIsNamed) {
  EXPECT_THAT(Message({.site = "resid"}), HasSubstr("choose one of resid_pre"));
  EXPECT_THAT(Message({.site = "mlp_out", .axes = PatchAxes::kLayerHead}),
              HasSubstr("has no heads"));
  EXPECT_THAT(Message({.metric = PatchMetric::kProb}),
              HasSubstr("takes no foil"));
  EXPECT_THAT(Message({.layers = Selection::Of({99})}), HasSubstr("99"));
  pair_.foil.clear();
  EXPECT_THAT(Message({}), HasSubstr("needs a foil"));
  pair_.answer = {1, 2};
  EXPECT_THAT(Message({.metric = PatchMetric::kRank}),
              HasSubstr("of one token, not of 2"));
  pair_.answer.clear();
  EXPECT_THAT(Message({.metric = PatchMetric::kProb}),
              HasSubstr("needs an answer"));
  pair_.answer = {100000};
  EXPECT_THAT(Message({.metric = PatchMetric::kProb}), HasSubstr("vocabulary"));
}

TEST_F(PatchErrorTest, PromptsOfDifferentLengthAreRefusedOrAligned) {
  pair_.corrupt.insert(pair_.corrupt.begin() + 3, 6);
  EXPECT_THAT(Message({}), HasSubstr("8 and 7 tokens"));
  PatchOptions options{.align = PatchAlign::kTokens};
  const auto grid = Patch(model_, pair_, options);
  ASSERT_TRUE(grid.ok()) << grid.error().message;
  EXPECT_EQ(grid->ids.size(), 8u);
  EXPECT_EQ(grid->columns.size(), 7u);
  EXPECT_THAT(Message({.site = "pattern",
                       .axes = PatchAxes::kLayerHead,
                       .align = PatchAlign::kTokens}),
              HasSubstr("align strictly"));
}

TEST(PairPositionsTest, EndsPairUp) {
  const std::vector<TokenId> to = {1, 2, 7, 8, 9, 4}, from = {1, 2, 6, 4};
  EXPECT_THAT(PairPositions(to, from, PatchAlign::kTokens, {}, {}).value(),
              ElementsAre(0, 1, kUnpaired, kUnpaired, 2, 3));
  EXPECT_THAT(
      PairPositions(to, from, PatchAlign::kSpan, {2, 5}, {1, 3}).value(),
      ElementsAre(kUnpaired, 0, kUnpaired, 1, 2, 3));
  EXPECT_EQ(SharedBeginning(to, from, {{0, 1, kUnpaired, kUnpaired, 2, 3}}),
            2u);
  EXPECT_FALSE(PairPositions(to, from, PatchAlign::kSpan, {2, 2}, {1, 3}).ok());
  EXPECT_FALSE(PairPositions(to, from, PatchAlign::kSpan, {2, 7}, {1, 3}).ok());
}

TEST(WindowTest, StaysWithinTheBlocks) {
  const auto range = [](std::size_t layer, std::size_t window) {
    const LayerRange at = WindowOf(layer, window, 12);
    return std::pair(at.first, at.end);
  };
  EXPECT_EQ(range(5, 1), std::pair(std::size_t{5}, std::size_t{6}));
  EXPECT_EQ(range(5, 2), std::pair(std::size_t{5}, std::size_t{7}));
  EXPECT_EQ(range(5, 10), std::pair(std::size_t{1}, std::size_t{11}));
  EXPECT_EQ(range(0, 10), std::pair(std::size_t{0}, std::size_t{6}));
  EXPECT_EQ(range(11, 10), std::pair(std::size_t{7}, std::size_t{12}));
}

PatchGrid Constant(double clean, double value) {
  PatchGrid grid;
  grid.rows = {0};
  grid.columns = {0, 1};
  grid.clean = clean;
  grid.values = {{value, 2 * value}};
  grid.recovery = {{value / clean, std::nullopt}};
  return grid;
}

TEST(SummaryTest, MeansAndIntervalsAreOverPairs) {
  const std::vector<PatchGrid> grids = {Constant(1, 1), Constant(2, 4),
                                        Constant(4, 4)};
  const PatchSummary out = SummarisePatches(grids, 5, 2000).value();
  EXPECT_EQ(out.pairs, 3u);
  EXPECT_DOUBLE_EQ(out.values[0][0].mean, 3);
  EXPECT_DOUBLE_EQ(out.values[0][1].mean, 6);
  EXPECT_DOUBLE_EQ(out.values[0][0].low, 1);   // 1 of 27 samples is all ones
  EXPECT_DOUBLE_EQ(out.values[0][0].high, 4);  // 8 of 27 have none
  EXPECT_DOUBLE_EQ(out.clean.mean, 7.0 / 3);
  ASSERT_TRUE(out.recovery[0][0].has_value());
  EXPECT_DOUBLE_EQ(out.recovery[0][0]->mean, 4.0 / 3);
  EXPECT_FALSE(out.recovery[0][1].has_value());
  const PatchSummary again = SummarisePatches(grids, 5, 2000).value();
  EXPECT_EQ(again.clean.low, out.clean.low);
  const PatchSummary one = SummarisePatches({grids.data(), 1}).value();
  EXPECT_EQ(one.values[0][0].low, one.values[0][0].high);
}

TEST(SummaryTest, GridsOfOtherSizesAreRefused) {
  std::vector<PatchGrid> grids = {Constant(1, 1), Constant(1, 1)};
  grids[1].columns = {0};
  EXPECT_THAT(SummarisePatches(grids).error().message, HasSubstr("pair 2"));
  EXPECT_FALSE(SummarisePatches({}).ok());
}

TEST(PatchNamesTest, ReadBackWhatTheySay) {
  EXPECT_EQ(ParsePatchMetric("kl", "x").value(), PatchMetric::kKl);
  EXPECT_EQ(PatchAxesName(ParsePatchAxes("layer,head", "x").value()),
            "layer,head");
  EXPECT_EQ(ParsePatchDirection("noise", "x").value(), PatchDirection::kNoise);
  EXPECT_EQ(ParsePatchAlign("span", "x").value(), PatchAlign::kSpan);
  EXPECT_THAT(ParsePatchMetric("loss", "patch: --metric").error().message,
              HasSubstr("patch: --metric: \"loss\""));
}

}  // namespace
}  // namespace pellucid
