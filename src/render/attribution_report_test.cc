#include "render/attribution_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "render/test_attention.h"

namespace pellucid::render {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AttributionReportTest : public ::testing::Test {
 protected:
  AttributionReport Report(AttributionBy by) {
    attribution_ = TestAttribution(by);
    return {attribution_, 3, model_, run_, texts_};
  }

  Attribution attribution_;
  ModelInfo model_ = TestModelInfo();
  RunInfo run_ = TestRunInfo();
  TokenTexts texts_ = TestTexts();
};

TEST_F(AttributionReportTest, Json) {
  std::string out;
  WriteAttributionJson(Report(AttributionBy::kNeuron), AppendTo(&out));
  EXPECT_THAT(out, HasSubstr("\"schema\": \"pellucid.attr/1\""));
  EXPECT_THAT(out, HasSubstr("\"method\": \"direct\",\n \"by\": \"neuron\",\n "
                             "\"position\": 1,\n \"answer\": {\"id\": 1, "
                             "\"text\": \"a\", \"logit\": 2.5, "
                             "\"logit_precap\": 2.75},\n \"foil\": {\"id\": 7, "
                             "\"text\": null, "));
  EXPECT_THAT(out, HasSubstr("\"value\": 1.75,\n \"sum\": 1.75000012,\n "
                             "\"residue\": -1.00000001e-07,\n \"bound\": "));
  EXPECT_THAT(out, HasSubstr("{\"component\": \"embed\", \"layer\": -1, "
                             "\"value\": 0.25}"));
  EXPECT_THAT(out, HasSubstr("{\"component\": \"neuron\", \"layer\": 1, "
                             "\"expert\": 3, \"neuron\": 5, \"value\": -2.5}"));
}

TEST_F(AttributionReportTest, Csv) {
  const std::string out = AttributionCsv(Report(AttributionBy::kHead));
  EXPECT_THAT(out, HasSubstr("component,layer,head,expert,neuron,value\n"
                             "embed,-1,,,,0.25\n"
                             "head,0,0,,,0\n"
                             "head,0,1,,,-0.75\n"
                             "attn_bias,0,,,,0.125\n"));
}

TEST_F(AttributionReportTest, TheGreatestTermsAndTheSum) {
  const std::string out =
      AttributionTable(Report(AttributionBy::kNeuron), 0, ColorMode::kNone);
  EXPECT_THAT(out, HasSubstr("The 3 greatest terms, in logits:\n"
                             "L1 E3 N5            -2.500\n"
                             "L0 E3 N5            -1.250\n"
                             "L0 other neurons    +1.000\n"));
  EXPECT_THAT(out,
              HasSubstr("8 terms sum to 1.750000; the logit of \"a\" less that "
                        "of \"<id:7>\" before the cap is 1.750000: 1.0e-07 "
                        "apart, 1.0e-05 allowed"));
  EXPECT_THAT(out,
              HasSubstr("tiny, direct attribution; position 1, after \" b\""));
}

TEST_F(AttributionReportTest, BlocksAreALineEach) {
  const Heatmap map = AttributionHeatmap(Report(AttributionBy::kBlock));
  EXPECT_THAT(map.rows, ElementsAre("0", "1"));
  EXPECT_THAT(map.columns, ElementsAre("attn", "mlp"));
  EXPECT_THAT(map.values[1], ElementsAre(0.5, 0.0001));
  EXPECT_TRUE(map.is_signed);
  EXPECT_EQ(map.range().low, -map.range().high);
}

TEST_F(AttributionReportTest, HeadsStandAcross) {
  const Heatmap map = AttributionHeatmap(Report(AttributionBy::kHead));
  EXPECT_THAT(map.columns, ElementsAre("0", "1", "bias"));
  EXPECT_THAT(map.values[1], ElementsAre(1, 0.25, 0.125));
}

TEST_F(AttributionReportTest, NeuronsStandByRank) {
  const Heatmap map = AttributionHeatmap(Report(AttributionBy::kNeuron));
  EXPECT_THAT(map.rows, ElementsAre("L1 E3 N5", "L0 E3 N5"));
}

TEST_F(AttributionReportTest, LabelsNameTheTerm) {
  EXPECT_EQ(TermLabel({.kind = TermKind::kEmbed}), "embed");
  EXPECT_EQ(TermLabel({.kind = TermKind::kMlp, .layer = 29}), "L29 mlp");
  EXPECT_EQ(TermLabel({.kind = TermKind::kFinalNormBias}), "final norm bias");
  EXPECT_EQ(TermLabel({.kind = TermKind::kNeuron, .layer = 2, .neuron = 9}),
            "L2 N9");
}

}  // namespace
}  // namespace pellucid::render
