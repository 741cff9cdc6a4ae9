#include "render/row_label.h"

#include <vector>

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

TEST(RowLabelTest, NotesRowsWithTheirOwnNorm) {
  std::vector<LensRow> rows = {{"embed", -1, {}}, {"model.layers.0", 0, {}}};
  EXPECT_EQ(OwnNormNote(rows), "");
  rows[1].own_norm = true;
  EXPECT_EQ(OwnNormNote(rows),
            "Outputs of modules are decoded with their own norm's statistics");
}

}  // namespace
}  // namespace pellucid::render
