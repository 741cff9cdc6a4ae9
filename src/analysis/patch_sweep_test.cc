// How cells are grouped into runs changes no bit.
#include "analysis/patch_sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <vector>

#include "pellucid/model.h"
#include "testutil/hf_goldens.h"
#include "testutil/per_isa.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::Bits;

class PatchSweepTest : public ::testing::Test {
 protected:
  using Rows = std::map<std::size_t, std::vector<std::uint32_t>>;

  Rows Run(Point point, std::size_t max_tokens, std::size_t* groups) {
    const SweepBase base =
        RunSweepBase(model_.impl(), {1, 2, 3, 4, 5}, {}, {}).value();
    const SweepSource source =
        RunSweepSource(model_.impl(), {1, 6, 3, 2, 5}, point, 1 << 20, {})
            .value();
    std::vector<SweepCell> cells;
    for (std::size_t layer = 0; layer < model_.info().n_layers; ++layer) {
      for (std::size_t position = 0; position < 5; ++position) {
        SweepCell& cell = cells.emplace_back();
        cell.first_layer = layer;
        cell.end_layer = layer + 1;
        cell.positions = {position};
      }
    }
    SweepOptions options;
    options.source_of = {0, 1, 2, 3, 4};
    options.readouts = {4};
    options.max_tokens = max_tokens;
    const SweepBase* const bases[] = {&base};
    Rows rows;
    *groups = 0;
    const Status status = RunSweep(
        model_.impl(), bases, source, cells, options,
        [&](std::span<const std::size_t> group, ConstMatrixView residual) {
          ++*groups;
          EXPECT_EQ(residual.rows, group.size());
          for (std::size_t i = 0; i < group.size(); ++i) {
            rows[group[i]] = Bits(residual.RowSpan(i));
          }
          return Status();
        });
    EXPECT_TRUE(status.ok());
    EXPECT_EQ(rows.size(), cells.size());
    return rows;
  }

  Model model_ =
      Model::Open(testutil::FamilyGoldenPath("gemma2_plain")).value();
};

TEST_F(PatchSweepTest, GroupsOfAnySizeGiveTheSameBits) {
  for (const Point point : {Point::kResidPost, Point::kKey, Point::kMlp}) {
    std::size_t all = 0, some = 0, one = 0;
    const Rows together = Run(point, 1 << 20, &all);
    EXPECT_EQ(Run(point, 7, &some), together);
    EXPECT_EQ(Run(point, 1, &one), together);
    EXPECT_EQ(all, 1u);
    EXPECT_LT(all, some);
    EXPECT_LT(some, one);
  }
}

TEST_F(PatchSweepTest, WhatIsTooLargeToKeepIsRefused) {
  const auto source = RunSweepSource(model_.impl(), {1, 2, 3}, Point::kPattern,
                                     /*max_bytes=*/10, {});
  ASSERT_FALSE(source.ok());
  EXPECT_THAT(source.error().message, HasSubstr("more than 10"));
}

TEST_F(PatchSweepTest, StoppingStops) {
  std::stop_source stop;
  stop.request_stop();
  const auto base = RunSweepBase(model_.impl(), {1, 2}, {}, stop.get_token());
  ASSERT_FALSE(base.ok());
  EXPECT_EQ(base.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace pellucid
