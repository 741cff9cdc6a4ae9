#include "analysis/lens_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace pellucid {
namespace {

using ::testing::ElementsAre;

LensOptions WithLayers(std::string_view text) {
  LensOptions options;
  options.layers =
      Selection::Parse(text, "--layers", /*allow_embed=*/true).value();
  return options;
}

TEST(ResolveRowsTest, TheDefaultIsTheEmbeddingAndEveryBlock) {
  const LensRows rows = ResolveRows({}, 3).value();
  EXPECT_THAT(rows.shown, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(rows.few, ElementsAre(0, 1, 2, 3));
}

TEST(ResolveRowsTest, TheEmbeddingRowCanBeLeftOut) {
  LensOptions options;
  options.embed_row = false;
  EXPECT_THAT(ResolveRows(options, 2)->shown, ElementsAre(1, 2));
}

TEST(ResolveRowsTest, AListGivesExactlyItsRows) {
  EXPECT_THAT(ResolveRows(WithLayers("0,2"), 4)->shown, ElementsAre(1, 3));
  EXPECT_THAT(ResolveRows(WithLayers("embed,1"), 4)->shown, ElementsAre(0, 2));
  EXPECT_THAT(ResolveRows(WithLayers("embed"), 4)->shown, ElementsAre(0));
}

TEST(ResolveRowsTest, TheFinalRowIsDecodedForKlAndAllBlocksForTargets) {
  const LensRows rows = ResolveRows(WithLayers("embed,1"), 4).value();
  EXPECT_THAT(rows.few, ElementsAre(0, 2, 4));
  EXPECT_THAT(rows.all, ElementsAre(0, 1, 2, 3, 4));
}

TEST(ResolveRowsTest, OutOfRangeOrEmptyIsAUsageError) {
  EXPECT_EQ(ResolveRows(WithLayers("4"), 4).error().code, ErrorCode::kUsage);
  EXPECT_EQ(ResolveRows(WithLayers("3:3"), 4).error().code, ErrorCode::kUsage);
}

TEST(ResidualProbeTest, KeepsTheRowsOfEachToken) {
  const std::vector<std::size_t> few = {0, 2}, all = {1, 2};
  ResidualProbe probe({0, 2}, {&few, &all}, /*n_layers=*/2, /*d_model=*/1);
  EXPECT_TRUE(probe.Wants({Point::kEmbed}));
  EXPECT_FALSE(probe.Wants({Point::kResidMid, 0}));
  EXPECT_THAT(probe.offsets(), ElementsAre(0, 2, 4));
  const float embed[] = {1, 2, 3}, first[] = {4, 5, 6}, second[] = {7, 8, 9};
  probe.Visit({Point::kEmbed}, {embed, 3, 1});
  probe.Visit({Point::kResidPost, 0}, {first, 3, 1});
  probe.Visit({Point::kResidPost, 1}, {second, 3, 1});
  const MatrixView kept = probe.residuals();
  EXPECT_THAT(std::vector<float>(kept.data, kept.data + 4),
              ElementsAre(1, 7, 6, 9));
}

}  // namespace
}  // namespace pellucid
