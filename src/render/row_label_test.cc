#include "render/row_label.h"

#include "gtest/gtest.h"

namespace pellucid::render {
namespace {

TEST(RowLabelTest, IsTheLayerAndThePointInside) {
  EXPECT_EQ(RowLabel({"embed", -1, {}}), "embed");
  EXPECT_EQ(RowLabel({"model.layers.3", 3, {}}), "3");
  EXPECT_EQ(RowLabel({"model.layers.3.resid_mid", 3, {}}), "3 resid_mid");
  EXPECT_EQ(RowLabel({"transformer.h.12.attn", 12, {}}), "12 attn");
  EXPECT_EQ(RowLabel({"model.layers.30", 3, {}}), "3 model.layers.30")
      << "a site that does not name its layer";
}

TEST(RowLabelTest, TellsBlockOutputs) {
  EXPECT_TRUE(IsBlockOutput({"model.layers.3", 3, {}}));
  EXPECT_FALSE(IsBlockOutput({"model.layers.3.mlp", 3, {}}));
  EXPECT_FALSE(IsBlockOutput({"embed", -1, {}}));
}

}  // namespace
}  // namespace pellucid::render
