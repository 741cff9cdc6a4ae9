#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/edited_golden.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using testutil::ErrorOfEdited;
using testutil::OpenEdited;

std::vector<bool> Turning(const ArchSpec& spec) {
  std::vector<bool> turning;
  for (const LayerSpec& layer : spec.layers) {
    turning.push_back(layer.rope.has_value());
  }
  return turning;
}

TEST(SmolLm3Test, BlocksWithoutPositions) {
  const auto listed =
      OpenEdited("smollm3_plain", {{"no_rope_layers", "[0, 1, 1, 1, 0]"}});
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  EXPECT_EQ(Turning(*listed), (std::vector<bool>{false, true, true, true}));
  const auto every_fourth =
      OpenEdited("smollm3_plain",
                 {{"no_rope_layers", ""}, {"no_rope_layer_interval", ""}});
  ASSERT_TRUE(every_fourth.ok()) << every_fourth.error().message;
  EXPECT_EQ(Turning(*every_fourth),
            (std::vector<bool>{true, true, true, false}));
}

TEST(SmolLm3Test, BlocksWithoutPositionsSlideWhereAsked) {
  const auto spec = OpenEdited("smollm3_plain", {{"layer_types", ""},
                                                 {"use_sliding_window", "true"},
                                                 {"sliding_window", "3"}});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->layers[2].window, 0u);
  EXPECT_EQ(spec->layers[3].window, 3u);
}

TEST(SmolLm3Test, WhatCannotBeIsRefusedByName) {
  EXPECT_THAT(ErrorOfEdited("smollm3_plain", {{"no_rope_layers", "[1, 0]"}}),
              HasSubstr("no_rope_layers: holds 2 entries for 4 blocks"));
  EXPECT_THAT(ErrorOfEdited("smollm3_plain", {{"no_rope_layers", ""},
                                              {"no_rope_layer_interval", "0"}}),
              HasSubstr("no_rope_layer_interval: is 0"));
}

}  // namespace
}  // namespace pellucid
