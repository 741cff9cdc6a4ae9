#include "analysis/lens_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testutil/modules.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SiteTable TableOf(std::size_t n_layers,
                  const ModuleNames& names = testutil::TinyModules()) {
  SiteSizes sizes = testutil::TinySizes();
  sizes.n_layers = n_layers;
  return SiteTable(names, sizes);
}

LensOptions WithLayers(std::string_view text) {
  LensOptions options;
  options.layers =
      Selection::Parse(text, "--layers", /*allow_embed=*/true).value();
  return options;
}

// Paths of the rows that are shown.
std::vector<std::string> Shown(const LensOptions& options,
                               std::size_t n_layers) {
  const SiteTable table = TableOf(n_layers);
  const auto rows = ResolveRows(options, table);
  EXPECT_TRUE(rows.ok()) << rows.error().message;
  std::vector<std::string> names;
  for (const std::size_t row : rows->shown) {
    names.push_back(table.NameOf(SiteOfRow(row)));
  }
  return names;
}

TEST(LensRowsTest, NumbersAndPointsBelongTogether) {
  EXPECT_EQ(SiteOfRow(kEmbedRow), (SiteKey{Point::kEmbed}));
  EXPECT_EQ(LayerOfRow(kEmbedRow), -1);
  EXPECT_FALSE(IsBlockOutput(kEmbedRow));
  EXPECT_FALSE(HasOwnNorm(kEmbedRow));
  const struct {
    LensSite site;
    Point point;
    bool own_norm;
  } kCases[] = {{LensSite::kAttnOut, Point::kAttn, true},
                {LensSite::kResidMid, Point::kResidMid, false},
                {LensSite::kMlpOut, Point::kMlp, true},
                {LensSite::kResidPost, Point::kResidPost, false}};
  std::size_t next = kEmbedRow;
  for (std::size_t layer = 0; layer < 3; ++layer) {
    for (const auto& c : kCases) {
      const std::size_t row = RowOf(layer, c.site);
      EXPECT_EQ(row, ++next) << "in the order of the run";
      EXPECT_EQ(SiteOfRow(row), (SiteKey{c.point, layer}));
      EXPECT_EQ(LayerOfRow(row), static_cast<int>(layer));
      EXPECT_EQ(IsBlockOutput(row), c.point == Point::kResidPost);
      EXPECT_EQ(HasOwnNorm(row), c.own_norm);
    }
  }
}

TEST(ResolveRowsTest, TheDefaultIsTheEmbeddingAndEveryBlock) {
  EXPECT_THAT(Shown({}, 3), ElementsAre("embed", "model.layers.0",
                                        "model.layers.1", "model.layers.2"));
  const LensRows rows = ResolveRows({}, TableOf(3)).value();
  EXPECT_EQ(rows.few, rows.shown);
  EXPECT_EQ(rows.all, rows.shown);
}

TEST(ResolveRowsTest, TheEmbeddingRowCanBeLeftOut) {
  LensOptions options;
  options.embed_row = false;
  EXPECT_THAT(Shown(options, 2),
              ElementsAre("model.layers.0", "model.layers.1"));
}

TEST(ResolveRowsTest, AListGivesExactlyItsRows) {
  EXPECT_THAT(Shown(WithLayers("0,2"), 4),
              ElementsAre("model.layers.0", "model.layers.2"));
  EXPECT_THAT(Shown(WithLayers("embed,1"), 4),
              ElementsAre("embed", "model.layers.1"));
  EXPECT_THAT(Shown(WithLayers("embed"), 4), ElementsAre("embed"));
}

TEST(ResolveRowsTest, SitesComeInTheOrderOfTheRunEachOnce) {
  LensOptions options = WithLayers("0,1");
  options.sites = {LensSite::kMlpOut, LensSite::kResidPost, LensSite::kAttnOut,
                   LensSite::kMlpOut, LensSite::kResidMid};
  EXPECT_THAT(
      Shown(options, 2),
      ElementsAre("model.layers.0.self_attn", "model.layers.0.resid_mid",
                  "model.layers.0.mlp", "model.layers.0",
                  "model.layers.1.self_attn", "model.layers.1.resid_mid",
                  "model.layers.1.mlp", "model.layers.1"));
}

TEST(ResolveRowsTest, TheEmbeddingGoesWithResidPost) {
  LensOptions options;
  options.sites = {LensSite::kResidPost, LensSite::kMlpOut};
  EXPECT_THAT(Shown(options, 1),
              ElementsAre("embed", "model.layers.0.mlp", "model.layers.0"));
  options.sites = {LensSite::kResidMid};
  EXPECT_THAT(Shown(options, 1), ElementsAre("model.layers.0.resid_mid"));
  options.layers = WithLayers("embed,0").layers;
  EXPECT_THAT(Shown(options, 1), ElementsAre("model.layers.0.resid_mid"));
  options.layers = WithLayers("embed").layers;
  const auto none = ResolveRows(options, TableOf(1));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kUsage);
}

TEST(ResolveRowsTest, TheFinalRowIsDecodedForKlAndAllBlocksForTargets) {
  LensOptions options = WithLayers("embed,1");
  LensRows rows = ResolveRows(options, TableOf(3)).value();
  const auto post = [](std::size_t layer) {
    return RowOf(layer, LensSite::kResidPost);
  };
  EXPECT_THAT(rows.few, ElementsAre(kEmbedRow, post(1), post(2)));
  EXPECT_THAT(rows.all, ElementsAre(kEmbedRow, post(0), post(1), post(2)));
  options.sites = {LensSite::kAttnOut};
  rows = ResolveRows(options, TableOf(3)).value();
  const std::size_t attn = RowOf(1, LensSite::kAttnOut);
  EXPECT_THAT(rows.shown, ElementsAre(attn));
  EXPECT_THAT(rows.few, ElementsAre(attn, post(2)));
  EXPECT_THAT(rows.all, ElementsAre(post(0), attn, post(1), post(2)));
}

TEST(ResolveRowsTest, OutOfRangeOrEmptyIsAUsageError) {
  const SiteTable table = TableOf(4);
  EXPECT_EQ(ResolveRows(WithLayers("4"), table).error().code,
            ErrorCode::kUsage);
  EXPECT_EQ(ResolveRows(WithLayers("3:3"), table).error().code,
            ErrorCode::kUsage);
  EXPECT_EQ(ResolveRows({.sites = {}}, table).error().message,
            "lens: sites: there are none; name at least one");
}

TEST(ResolveRowsTest, ASiteThatTheArchitectureLacksNamesTheNearest) {
  ModuleNames names = testutil::TinyModules();
  names[Point::kAttn].clear();
  const auto rows =
      ResolveRows({.sites = {LensSite::kAttnOut}}, TableOf(2, names));
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.error().code, ErrorCode::kUsage);
  EXPECT_THAT(rows.error().message,
              HasSubstr("model.layers.0.attn_out: this model has no such site; "
                        "nearest: "));
  EXPECT_TRUE(
      ResolveRows({.sites = {LensSite::kMlpOut}}, TableOf(2, names)).ok());
}

TEST(RowProbeTest, KeepsTheRowsOfEachToken) {
  const std::size_t mid = RowOf(0, LensSite::kResidMid);
  const std::size_t first = RowOf(0, LensSite::kResidPost);
  const std::size_t second = RowOf(1, LensSite::kResidPost);
  const std::vector<std::size_t> few = {kEmbedRow, second};
  const std::vector<std::size_t> all = {mid, first, second};
  RowProbe probe({0, 2}, {&few, &all}, /*n_layers=*/2, /*d_model=*/1);
  EXPECT_TRUE(probe.Wants({Point::kEmbed}));
  EXPECT_TRUE(probe.Wants({Point::kResidMid, 0}));
  EXPECT_FALSE(probe.Wants({Point::kResidMid, 1}));
  EXPECT_FALSE(probe.Wants({Point::kMlp, 0}));
  EXPECT_FALSE(probe.Wants({Point::kLogits}));
  EXPECT_THAT(probe.offsets(), ElementsAre(0, 2, 5));
  const float values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  probe.Visit({Point::kEmbed}, {values, 3, 1});
  probe.Visit({Point::kResidMid, 0}, {values + 3, 3, 1});
  probe.Visit({Point::kResidPost, 0}, {values + 6, 3, 1});
  probe.Visit({Point::kResidPost, 1}, {values + 9, 3, 1});
  const MatrixView kept = probe.vectors();
  EXPECT_THAT(std::vector<float>(kept.data, kept.data + 5),
              ElementsAre(1, 10, 6, 9, 12));
}

}  // namespace
}  // namespace pellucid
