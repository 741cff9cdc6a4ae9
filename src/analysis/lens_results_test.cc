// Results from cells made by hand, so that every number can be told.
#include "analysis/lens_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "testutil/modules.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

// A cell whose top-1 is `id`, with logz 0, so that a logit is a logprob.
DecodedCell Cell(TokenId id, double entropy, double kl,
                 std::vector<float> watched = {}) {
  DecodedCell cell;
  cell.top = {{-0.5f, id}};
  cell.statistics.entropy = entropy;
  cell.statistics.kl_to_final = kl;
  cell.ranks.assign(watched.size(), 2);
  cell.watched_logits = std::move(watched);
  return cell;
}

class LensResultsTest : public ::testing::Test {
 protected:
  // A prompt of three tokens; the last two positions are listed. At each, the
  // cells of model.layers.0, model.layers.1.mlp and model.layers.1.
  LensResultsTest() {
    options_.positions = Selection::Parse("-2:", "--positions").value();
    options_.layers = Selection::Of({1});
    options_.sites = {LensSite::kMlpOut, LensSite::kResidPost};
    options_.targets = {7, 8};
    layout_ = LayOutLens(options_, prompts_, table_).value();
    cells_.offsets = {0, 3, 6};
    cells_.watched = {{3, 7, 8}, {7, 8}};
    watches_ = {{.next = 0, .followed = {}, .targets = 1},
                {.next = {}, .followed = {}, .targets = 0}};
    decoded_ = {Cell(8, 1, 4, {-3, -1, -2}), Cell(8, 2, 5, {-4, -1, -2}),
                Cell(7, 3, 0, {-5, -1, -2}), Cell(7, 4, 6, {-1, -2}),
                Cell(7, 5, 7, {-1, -2}),     Cell(7, 6, 0, {-1, -2})};
  }
  Lens Make() const {
    return MakeLenses(options_, prompts_, table_,
                      {layout_, cells_, watches_, decoded_})
        .front();
  }

  SiteTable table_{testutil::TinyModules(), testutil::TinySizes()};
  std::vector<std::vector<TokenId>> prompts_ = {{1, 2, 3}};
  LensOptions options_;
  LensLayout layout_;
  LensCells cells_;
  std::vector<LensWatch> watches_;
  std::vector<DecodedCell> decoded_;
};

TEST_F(LensResultsTest, OnlyTheRowsThatAreShownBecomeRows) {
  const Lens lens = Make();
  EXPECT_THAT(lens.ids, ElementsAre(1, 2, 3));
  EXPECT_THAT(lens.positions, ElementsAre(1, 2));
  ASSERT_EQ(lens.rows.size(), 2u);
  EXPECT_EQ(lens.rows[0].site, "model.layers.1.mlp");
  EXPECT_TRUE(lens.rows[0].own_norm);
  EXPECT_EQ(lens.rows[1].site, "model.layers.1");
  EXPECT_FALSE(lens.rows[1].own_norm);
  EXPECT_EQ(lens.rows[0].cells[0].entropy, 2.0f);
  EXPECT_EQ(lens.rows[1].cells[1].entropy, 6.0f);
}

TEST_F(LensResultsTest, WatchedTokensFindTheirPlace) {
  const Lens lens = Make();
  const LensCell& cell = lens.rows[0].cells[0];
  EXPECT_EQ(cell.next->score.id, 3);
  EXPECT_EQ(cell.next->score.logprob, -4.0f);
  EXPECT_EQ(cell.next->rank, 2u);
  ASSERT_EQ(cell.targets.size(), 2u);
  EXPECT_EQ(cell.targets[1].score.id, 8);
  EXPECT_EQ(cell.targets[1].score.logit, -2.0f);
  EXPECT_FALSE(lens.rows[0].cells[1].next.has_value());
}

TEST_F(LensResultsTest, SummariesAreMeansLessTheSkipped) {
  Lens lens = Make();
  EXPECT_THAT(lens.summary[0].entropy, Optional(3.5f));
  EXPECT_THAT(lens.summary[0].kl_to_final, Optional(6.0f));
  EXPECT_THAT(lens.summary[0].top1_agree, Optional(0.5f));
  EXPECT_THAT(lens.summary[0].next_logprob, Optional(-4.0f));
  // Positions, not listed ones: the first listed one is position 1.
  options_.skip_first = 1;
  EXPECT_THAT(Make().summary[0].entropy, Optional(3.5f));
  options_.skip_first = 2;
  lens = Make();
  EXPECT_THAT(lens.summary[0].entropy, Optional(5.0f));
  EXPECT_THAT(lens.summary[0].top1_agree, Optional(1.0f));
  EXPECT_EQ(lens.summary[0].next_logprob, std::nullopt);
  options_.skip_first = 3;
  EXPECT_EQ(Make().summary[0].entropy, std::nullopt);
}

// The MLP's row hits and misses without anyone asking it.
TEST_F(LensResultsTest, TargetsAreFollowedOverBlockOutputs) {
  const Lens lens = Make();
  ASSERT_EQ(lens.targets.size(), 2u);
  EXPECT_THAT(lens.targets[0].first_hit,
              ElementsAre(Optional(1u), Optional(0u)));
  EXPECT_THAT(lens.targets[0].stable_from,
              ElementsAre(Optional(1u), Optional(0u)));
  EXPECT_THAT(lens.targets[1].first_hit,
              ElementsAre(Optional(0u), std::nullopt));
  EXPECT_THAT(lens.targets[1].stable_from,
              ElementsAre(std::nullopt, std::nullopt));
}

}  // namespace
}  // namespace pellucid
