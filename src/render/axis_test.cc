#include "render/axis.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pellucid::render {
namespace {

using Texts = std::vector<std::string>;

Texts TextsOf(const Axis& axis) {
  Texts texts;
  for (const Axis::Tick& tick : axis.ticks()) texts.push_back(tick.text);
  return texts;
}

TEST(AxisTest, LinearEndsAreRound) {
  const Axis axis = Axis::Linear(-7.3, 0, 5);
  EXPECT_EQ(TextsOf(axis), (Texts{"-8", "-6", "-4", "-2", "0"}));
  EXPECT_EQ(axis.At(-8), 0);
  EXPECT_EQ(axis.At(0), 1);
  EXPECT_EQ(axis.At(-4), 0.5);
  EXPECT_EQ(axis.At(3), 1) << "clamped";
}

TEST(AxisTest, PercentOfSmallShares) {
  EXPECT_EQ(TextsOf(Axis::Linear(0, 0.7725, 5, Axis::Labels::kPercent)),
            (Texts{"0%", "20%", "40%", "60%", "80%"}));
  EXPECT_EQ(TextsOf(Axis::Linear(0, 0.012, 5, Axis::Labels::kPercent)),
            (Texts{"0%", "0.5%", "1%", "1.5%"}));
}

TEST(AxisTest, EqualEndsGetRoom) {
  const Axis axis = Axis::Linear(3, 3, 5);
  EXPECT_EQ(axis.At(3), 0);
  EXPECT_GE(axis.ticks().size(), 2u);
}

TEST(AxisTest, LayersLabelBothEnds) {
  EXPECT_EQ(TextsOf(Axis::Layers(-1, 29, 8)),
            (Texts{"embed", "5", "10", "15", "20", "25", "29"}));
  EXPECT_EQ(TextsOf(Axis::Layers(0, 31, 8)),
            (Texts{"0", "5", "10", "15", "20", "25", "31"}));
  EXPECT_EQ(TextsOf(Axis::Layers(-1, 3, 8)),
            (Texts{"embed", "0", "1", "2", "3"}));
  EXPECT_EQ(TextsOf(Axis::Layers(7, 30, 4)), (Texts{"7", "10", "20", "30"}));
  EXPECT_EQ(TextsOf(Axis::Layers(4, 4, 8)), Texts{"4"});
  EXPECT_EQ(TextsOf(Axis::Layers(-1, -1, 8)), Texts{"embed"});
  EXPECT_EQ(Axis::Layers(-1, 29, 8).At(-1), 0);
  EXPECT_EQ(Axis::Layers(-1, 29, 8).At(29), 1);
}

TEST(AxisTest, RankOneIsAtTheHighEnd) {
  const Axis axis = Axis::Ranks(4316);
  EXPECT_EQ(TextsOf(axis), (Texts{"10000", "1000", "100", "10", "1"}));
  EXPECT_EQ(axis.At(1), 1);
  EXPECT_EQ(axis.At(10000), 0);
  EXPECT_NEAR(axis.At(100), 0.5, 1e-12);
  EXPECT_EQ(TextsOf(Axis::Ranks(1)), (Texts{"10", "1"}));
}

TEST(AxisTest, PowersOfTenAreEquallyFarApart) {
  const Axis axis = Axis::Powers(0.02, 150);
  std::vector<std::string> texts;
  for (const Axis::Tick& tick : axis.ticks()) texts.push_back(tick.text);
  EXPECT_EQ(texts, (std::vector<std::string>{"0.01", "0.1", "1", "10", "100",
                                             "1000"}));
  EXPECT_DOUBLE_EQ(axis.At(0.01), 0);
  EXPECT_DOUBLE_EQ(axis.At(1000), 1);
  EXPECT_NEAR(axis.At(1), 0.4, 1e-12);
  EXPECT_DOUBLE_EQ(axis.At(0), 0);  // clamped, like all that is below
  EXPECT_EQ(Axis::Powers(1, 1).ticks().size(), 2u);
}

}  // namespace
}  // namespace pellucid::render
