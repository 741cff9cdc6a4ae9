#include "model/families/gemma3.h"

#include <gtest/gtest.h>

namespace pellucid::families {
namespace {

TEST(Gemma3Test, TheLastOfEachPatternSeesAll) {
  EXPECT_EQ(Gemma3Slides(7, 6),
            (std::vector<bool>{true, true, true, true, true, false, true}));
  EXPECT_EQ(Gemma3Slides(3, 1), (std::vector<bool>{false, false, false}));
}

TEST(Gemma3Test, ATableIsASiteWhereABlockTurnsByIt) {
  ArchSpec spec = MakeGemma3Spec();
  spec.n_layers = 2;
  spec.layers.resize(2);
  UseLocalRope({false, false}, spec);
  EXPECT_TRUE(spec.modules[Point::kRotaryLocal].empty());
  UseLocalRope({false, true}, spec);
  EXPECT_FALSE(spec.modules[Point::kRotaryLocal].empty());
  EXPECT_EQ(spec.layers[0].rope, 0u);
  EXPECT_EQ(spec.layers[1].rope, 1u);
}

}  // namespace
}  // namespace pellucid::families
