// Rows of points inside the blocks, whatever asked for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pellucid/lens.h"
#include "testutil/lens_compare.h"
#include "testutil/lens_golden.h"
#include "testutil/model_path.h"
#include "testutil/noise.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::vector<LensSite> kAllSites = {LensSite::kResidPost,
                                         LensSite::kResidMid,
                                         LensSite::kAttnOut, LensSite::kMlpOut};

TEST(ParseLensSitesTest, NamesComeAsTheyAreListed) {
  EXPECT_THAT(ParseLensSites("resid_post", "--sites").value(),
              ElementsAre(LensSite::kResidPost));
  EXPECT_THAT(
      ParseLensSites("mlp_out,attn_out,resid_mid", "--sites").value(),
      ElementsAre(LensSite::kMlpOut, LensSite::kAttnOut, LensSite::kResidMid));
}

TEST(ParseLensSitesTest, AnythingElseNamesTheFour) {
  for (const std::string_view text :
       {"", ",", "resid", "resid_pre", "all", "resid_post,",
        "attn_out, mlp_out", "RESID_POST", "resid_post,model.layers.0"}) {
    const auto sites = ParseLensSites(text, "--sites");
    ASSERT_FALSE(sites.ok()) << text;
    EXPECT_EQ(sites.error().code, ErrorCode::kUsage);
    EXPECT_THAT(sites.error().message,
                HasSubstr("write resid_post, resid_mid, attn_out, mlp_out"));
  }
  EXPECT_EQ(ParseLensSites("mlp_out,atn_out", "--sites").error().message,
            "--sites: \"mlp_out,atn_out\": \"atn_out\" is none of the rows "
            "that a block has; write resid_post, resid_mid, attn_out, mlp_out, "
            "or several with commas and without blanks");
}

class LensSitesTest : public ::testing::TestWithParam<std::string> {
 protected:
  std::vector<TokenId> Ids(std::size_t count, std::uint64_t seed) const {
    testutil::Random random(seed);
    std::vector<TokenId> ids(count);
    for (TokenId& id : ids) id = static_cast<TokenId>(random.Below(vocab_));
    return ids;
  }
  Lens Compute(const LensOptions& options) const {
    return ComputeLens(model_, ids_, options).value();
  }

  Model model_ = Model::Open(testutil::TinyLlamaPath(GetParam())).value();
  std::size_t vocab_ = model_.info().vocab_size;
  std::vector<TokenId> ids_ = Ids(9, 1);
};
INSTANTIATE_TEST_SUITE_P(Models, LensSitesTest,
                         ::testing::Values("mha_tied_f32", "gqa_untied_f16",
                                           "q4_1"),
                         [](const auto& variant) { return variant.param; });

TEST_P(LensSitesTest, RowsComeBlockByBlockInTheOrderOfTheRun) {
  const Lens lens = Compute({.sites = kAllSites});
  std::vector<std::string> names = {"embed"};
  for (std::size_t layer = 0; layer < model_.info().n_layers; ++layer) {
    const std::string block = "model.layers." + std::to_string(layer);
    for (const char* below : {".self_attn", ".resid_mid", ".mlp", ""}) {
      names.push_back(block + below);
    }
  }
  ASSERT_THAT(lens.rows, SizeIs(names.size()));
  ASSERT_THAT(lens.summary, SizeIs(names.size()));
  for (std::size_t r = 0; r < names.size(); ++r) {
    const LensRow& row = lens.rows[r];
    EXPECT_EQ(row.site, names[r]);
    EXPECT_EQ(row.layer, r == 0 ? -1 : static_cast<int>((r - 1) / 4));
    EXPECT_EQ(row.own_norm,
              row.site.ends_with("self_attn") || row.site.ends_with("mlp"));
    EXPECT_EQ(lens.summary[r].site, row.site);
    EXPECT_EQ(lens.summary[r].layer, row.layer);
  }
}

// The tensors of a trace, each through the model's own norm and head.
TEST_P(LensSitesTest, EveryRowIsTheHeadOnThatVectorAlone) {
  LensOptions options{.sites = kAllSites, .top_k = vocab_};
  const Lens lens = Compute(options);
  RunOptions run;
  for (const LensRow& row : lens.rows) run.sites.push_back(row.site);
  const Trace trace = model_.Run(ids_, run).value();
  for (const LensRow& row : lens.rows) {
    const Tensor logits = model_.Unembed(*trace.Find(row.site)).value();
    for (std::size_t t = 0; t < ids_.size(); ++t) {
      ASSERT_THAT(row.cells[t].top, SizeIs(vocab_));
      for (const TokenScore& score : row.cells[t].top) {
        EXPECT_EQ(score.logit,
                  logits.Row(t)[static_cast<std::size_t>(score.id)])
            << row.site;
      }
    }
  }
}

// A row is the same whatever else is shown, KL to a final row that is not
// shown included.
TEST_P(LensSitesTest, ARowDoesNotDependOnTheOthers) {
  const Lens whole = Compute({.sites = kAllSites, .targets = {3}});
  std::size_t found = 0;
  for (const LensSite site : kAllSites) {
    const Lens part = Compute({.sites = {site}, .targets = {3}});
    for (const LensRow& row : part.rows) {
      const auto same = std::ranges::find(whole.rows, row.site, &LensRow::site);
      ASSERT_NE(same, whole.rows.end());
      testutil::ExpectSameRow(row, *same);
      ++found;
    }
    EXPECT_EQ(part.max_abs_last_row_minus_logits, 0.0);
  }
  EXPECT_EQ(found, whole.rows.size());
}

// What is told of the prediction is told of block outputs, whichever rows are
// shown.
TEST_P(LensSitesTest, TargetsFollowTheBlockOutputs) {
  LensOptions options{.follow = FollowFinal::kLast};
  const LensRow last = Compute({}).rows.back();
  for (const LensCell& cell : last.cells) {
    options.targets.push_back(cell.top[0].id);
  }
  const Lens plain = Compute(options);
  options.layers = Selection::Of({0});
  options.sites = {LensSite::kMlpOut};
  const Lens inside = Compute(options);
  ASSERT_THAT(inside.rows, SizeIs(1));
  ASSERT_EQ(inside.targets.size(), plain.targets.size());
  for (std::size_t t = 0; t < plain.targets.size(); ++t) {
    EXPECT_EQ(inside.targets[t].first_hit, plain.targets[t].first_hit);
    EXPECT_EQ(inside.targets[t].stable_from, plain.targets[t].stable_from);
  }
  EXPECT_EQ(inside.followed->id, plain.followed->id);
  EXPECT_EQ(inside.followed->first_hit, plain.followed->first_hit);
  EXPECT_EQ(inside.followed->stable_from, plain.followed->stable_from);
  EXPECT_TRUE(inside.rows[0].cells.back().final_top1.has_value());
}

TEST_P(LensSitesTest, SummariesAgreeWithTheModelsFinalRow) {
  const Lens final_row = Compute({.layers = Selection::Last()});
  const Lens lens = Compute({.sites = {LensSite::kAttnOut}, .skip_first = 2});
  for (std::size_t r = 0; r < lens.rows.size(); ++r) {
    double agree = 0;
    for (std::size_t t = 2; t < ids_.size(); ++t) {
      agree += lens.rows[r].cells[t].top[0].id ==
                       final_row.rows[0].cells[t].top[0].id
                   ? 1
                   : 0;
    }
    EXPECT_EQ(lens.summary[r].top1_agree,
              static_cast<float>(agree / static_cast<double>(ids_.size() - 2)));
  }
}

TEST_P(LensSitesTest, ABatchGivesWhatEachPromptGivesAlone) {
  const std::vector<std::vector<TokenId>> prompts = {Ids(4, 2), ids_,
                                                     Ids(1, 3)};
  const LensOptions options{.sites = kAllSites, .targets = {5}};
  const auto batch = ComputeLensBatch(model_, prompts, options).value();
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    testutil::ExpectSameLens(batch[p],
                             ComputeLens(model_, prompts[p], options).value());
  }
}

TEST_P(LensSitesTest, OptionsCanBeCheckedWithoutAPrompt) {
  EXPECT_TRUE(CheckLensOptions(model_, {.sites = kAllSites}).ok());
  const auto expect = [&](const LensOptions& options, const char* part) {
    const Status status = CheckLensOptions(model_, options);
    ASSERT_FALSE(status.ok()) << part;
    EXPECT_EQ(status.error().code, ErrorCode::kUsage);
    EXPECT_THAT(status.error().message, HasSubstr(part));
  };
  expect({.sites = {}}, "sites");
  expect({.layers = Selection::Of({99})}, "index 99");
  expect({.top_k = vocab_ + 1}, "top-k");
  expect({.targets = {-1}}, "target id -1");
  // Any prompt may be long enough.
  EXPECT_TRUE(
      CheckLensOptions(model_, {.positions = Selection::Of({99})}).ok());
}

// Contract 4.4, on HF's own modules: logz, entropy and KL within 1e-3 on a
// real model.
TEST(LensSitesGoldenTest, DefaultModelEqualsFloat64) {
  if (!testutil::HasDefaultModel()) GTEST_SKIP() << "no default model here";
  const Model model = Model::Open(testutil::DefaultModelPath()).value();
  const auto goldens = testutil::LoadLensGolden("smollm2/lens_sites.json");
  ASSERT_THAT(goldens, SizeIs(1));
  const testutil::GoldenLens& golden = goldens[0];
  const LensOptions options{
      .sites = {LensSite::kAttnOut, LensSite::kResidMid, LensSite::kMlpOut},
      .targets = {golden.target}};
  const Lens lens = ComputeLens(model, golden.ids, options).value();
  ASSERT_THAT(golden.rows, SizeIs(15));
  for (const testutil::GoldenLensRow& row : golden.rows) {
    const auto ours = std::ranges::find(lens.rows, row.site, &LensRow::site);
    ASSERT_NE(ours, lens.rows.end()) << row.site;
    testutil::ExpectGoldenRow(*ours, row, 1e-3);
  }
}

}  // namespace
}  // namespace pellucid
