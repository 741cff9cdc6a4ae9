#include "analysis/lens_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/modules.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;

class LensLayoutTest : public ::testing::Test {
 protected:
  LensLayout Layout(const LensOptions& options) const {
    return LayOutLens(options, prompts_, table_).value();
  }

  SiteTable table_{testutil::TinyModules(), testutil::TinySizes()};
  std::vector<std::vector<TokenId>> prompts_ = {{1, 2, 3}, {4}};
};

TEST_F(LensLayoutTest, PlacesAreTheListedPositionsOfEachPrompt) {
  LensOptions options;
  options.positions = Selection::Parse("-2:", "--positions").value();
  const LensLayout layout = Layout(options);
  ASSERT_EQ(layout.places.size(), 3u);
  EXPECT_THAT(layout.first_place, ElementsAre(0, 2, 3));
  EXPECT_EQ(layout.places[0].position, 1u);
  EXPECT_FALSE(layout.places[0].last);
  EXPECT_TRUE(layout.places[1].last);
  EXPECT_EQ(layout.places[2].prompt, 1u);
  EXPECT_TRUE(layout.places[2].last);
}

TEST_F(LensLayoutTest, EveryBlockIsDecodedWhereATokenIsFollowed) {
  LensOptions options;
  options.layers = Selection::Of({0});
  EXPECT_EQ(Layout(options).RowsOf(1), Layout(options).rows.few);
  options.follow = FollowFinal::kLast;
  const LensLayout followed = Layout(options);
  EXPECT_FALSE(followed.places[1].every_block);
  EXPECT_TRUE(followed.places[2].every_block);
  EXPECT_EQ(followed.RowsOf(2), followed.rows.all);
  options.follow = FollowFinal::kNone;
  options.targets = {3};
  for (const LensPlace& place : Layout(options).places) {
    EXPECT_TRUE(place.every_block);
  }
}

TEST_F(LensLayoutTest, APositionThatAPromptLacksIsAUsageError) {
  LensOptions options;
  options.positions = Selection::Of({1});
  const auto layout = LayOutLens(options, prompts_, table_);
  ASSERT_FALSE(layout.ok());
  EXPECT_EQ(layout.error().code, ErrorCode::kUsage);
}

TEST_F(LensLayoutTest, PlacesAreSplitByTheirCells) {
  LensOptions options;
  const LensLayout layout = Layout(options);
  const std::size_t rows = layout.rows.few.size();
  const auto ends = [&](std::size_t max_cells) {
    std::vector<std::size_t> out;
    for (const LensPlaces run : SplitPlaces(layout, {1, 4}, max_cells)) {
      EXPECT_EQ(run.first, out.empty() ? 1 : out.back());
      out.push_back(run.last);
    }
    return out;
  };
  EXPECT_THAT(ends(0), ElementsAre(2, 3, 4));
  EXPECT_THAT(ends(2 * rows), ElementsAre(3, 4));
  EXPECT_THAT(ends(3 * rows - 1), ElementsAre(3, 4));
  EXPECT_THAT(ends(3 * rows), ElementsAre(4));
}

}  // namespace
}  // namespace pellucid
