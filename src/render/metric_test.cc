#include "render/metric.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

using testutil::MakeTestLens;
using testutil::TestLens;

TEST(MetricTest, NamesAreThoseOfTheCommandLine) {
  EXPECT_EQ(ParseMetric("prob").value(), Metric::kProb);
  EXPECT_EQ(ParseMetric("logprob").value(), Metric::kLogprob);
  EXPECT_EQ(ParseMetric("logit").value(), Metric::kLogit);
  EXPECT_EQ(ParseMetric("rank").value(), Metric::kRank);
  EXPECT_EQ(ParseMetric("entropy").value(), Metric::kEntropy);
  EXPECT_EQ(ParseMetric("kl").value(), Metric::kKl);
  const auto unknown = ParseMetric("Prob\n");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::kUsage);
  EXPECT_EQ(unknown.error().message,
            "choose metric: \"Prob\u21b5\": no such metric; use prob, logprob, "
            "logit, rank, entropy or kl");
}

TEST(MetricTest, IsOfTheTop1Token) {
  const TestLens test = MakeTestLens();
  const LensCell& cell = test.lens.rows[2].cells[2];
  EXPECT_EQ(MetricValue(test.lens, cell, Metric::kProb), 0.75);
  EXPECT_EQ(MetricValue(test.lens, cell, Metric::kLogprob), -0.5);
  EXPECT_EQ(MetricValue(test.lens, cell, Metric::kLogit), 4.5);
  EXPECT_EQ(MetricValue(test.lens, cell, Metric::kEntropy), 0.75);
  EXPECT_EQ(MetricValue(test.lens, cell, Metric::kKl), 0.0);
  EXPECT_EQ(MetricValue(test.lens, cell, Metric::kRank), std::nullopt)
      << "nothing was followed";
}

TEST(MetricTest, RankIsOfTheFinalRowsTop1) {
  TestLens test = MakeTestLens();
  testutil::Follow(test.lens);
  EXPECT_EQ(MetricValue(test.lens, test.lens.rows[0].cells[2], Metric::kRank),
            7.0);
  EXPECT_EQ(MetricCaption(test.lens, Metric::kRank, test.texts),
            "rank of the final row's top-1 token, 1 = highest");
}

TEST(MetricTest, WithTargetsItIsOfTheFirst) {
  TestLens test = MakeTestLens();
  testutil::Follow(test.lens);
  testutil::AddTarget(test.lens);
  const LensCell& cell = test.lens.rows[2].cells[2];
  EXPECT_EQ(MetricValue(test.lens, cell, Metric::kProb), 0.125);
  EXPECT_EQ(MetricValue(test.lens, cell, Metric::kRank), 2.0);
  EXPECT_EQ(MetricCaption(test.lens, Metric::kProb, test.texts),
            "probability of \",\"");
}

TEST(MetricTest, NanIsNoValue) {
  TestLens test = MakeTestLens();
  LensCell& cell = test.lens.rows[0].cells[0];
  cell.entropy = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(MetricValue(test.lens, cell, Metric::kEntropy), std::nullopt);
}

TEST(MetricTest, TextsAreShort) {
  EXPECT_EQ(MetricText(Metric::kProb, 0.7725), "77%");
  EXPECT_EQ(MetricText(Metric::kProb, 0.001), "<1%");
  EXPECT_EQ(MetricText(Metric::kProb, 0.0), "0%");
  EXPECT_EQ(MetricText(Metric::kProb, 0.999), ">99%");
  EXPECT_EQ(MetricText(Metric::kProb, 1.0), "100%");
  EXPECT_EQ(MetricText(Metric::kLogprob, -0.258), "-0.26");
  EXPECT_EQ(MetricText(Metric::kLogprob, -0.001), "0.00");
  EXPECT_EQ(MetricText(Metric::kLogit, 17.371), "17.4");
  EXPECT_EQ(MetricText(Metric::kRank, 34462), "34462");
}

std::vector<std::string> TickTexts(const MetricScale& scale) {
  std::vector<std::string> texts;
  for (const auto& tick : scale.Ticks()) texts.push_back(tick.text);
  return texts;
}

TEST(MetricTest, ScalesOfFixedLimits) {
  const TestLens test = MakeTestLens();
  const MetricScale prob(test.lens, Metric::kProb, 8);
  EXPECT_EQ(prob.Shade(0.25), 0.25);
  EXPECT_EQ(TickTexts(prob),
            (std::vector<std::string>{"0%", "25%", "50%", "75%", "100%"}));
  const MetricScale logprob(test.lens, Metric::kLogprob, 8);
  EXPECT_EQ(logprob.Shade(-5), 0.5);
  EXPECT_EQ(logprob.Shade(-80), 0.0);
  EXPECT_EQ(
      TickTexts(logprob),
      (std::vector<std::string>{"\u2264-10.0", "-7.5", "-5.0", "-2.5", "0.0"}));
  const MetricScale entropy(test.lens, Metric::kEntropy, 8);
  EXPECT_EQ(entropy.Shade(std::log(8.0)), 1.0);
  EXPECT_LT(entropy.Shade(2.0), 1.0);
}

TEST(MetricTest, RankOneIsBrightest) {
  const TestLens test = MakeTestLens();
  const MetricScale rank(test.lens, Metric::kRank, 8);
  EXPECT_EQ(rank.Shade(1), 1.0);
  EXPECT_EQ(rank.Shade(2000), 0.0);
  EXPECT_EQ(rank.Shade(49000), 0.0);
  EXPECT_GT(rank.Shade(10), rank.Shade(100));
  EXPECT_EQ(TickTexts(rank),
            (std::vector<std::string>{"\u22652000", "100", "10", "1"}));
}

TEST(MetricTest, LimitsOfKlAndLogitComeFromTheCells) {
  const TestLens test = MakeTestLens();
  const MetricScale kl(test.lens, Metric::kKl, 8);
  EXPECT_EQ(kl.Shade(0), 0.0);
  EXPECT_EQ(kl.Shade(2.5), 0.25);
  EXPECT_EQ(kl.Shade(10), 1.0);  // of 9 values the 95th percentile is the last
  const MetricScale logit(test.lens, Metric::kLogit, 8);
  EXPECT_EQ(logit.Shade(4.5), 0.0) << "all logits are equal";
  EXPECT_EQ(logit.Shade(5.5), 1.0);
}

}  // namespace
}  // namespace pellucid::render
