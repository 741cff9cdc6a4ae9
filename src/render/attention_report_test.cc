#include "render/attention_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "render/test_attention.h"

namespace pellucid::render {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AttentionReportTest : public ::testing::Test {
 protected:
  PatternReport Patterns() const { return {patterns_, model_, run_, texts_}; }
  ScoreReport Scores() const {
    return {.scores = scores_,
            .options = options_,
            .top = 2,
            .model = model_,
            .run = run_,
            .texts = texts_};
  }

  AttentionPatterns patterns_ = TestPatterns();
  HeadScores scores_ = TestScores();
  HeadScoreOptions options_{.n_random_tokens = 2};
  ModelInfo model_ = TestModelInfo();
  RunInfo run_ = TestRunInfo();
  TokenTexts texts_ = TestTexts();
};

TEST_F(AttentionReportTest, PatternsAsJson) {
  std::string out;
  WritePatternJson(Patterns(), AppendTo(&out));
  EXPECT_THAT(out, HasSubstr("\"schema\": \"pellucid.attn/1\""));
  EXPECT_THAT(out, HasSubstr("\"tokens\": [{\"id\": 1, \"text\": \"a\"}, "
                             "{\"id\": 2, \"text\": \" b\"}]"));
  EXPECT_THAT(out, HasSubstr("\"layers\": [0, 1]"));
  EXPECT_THAT(out, HasSubstr("{\"layer\": 1, \"head\": 0, \"weights\": [\n"));
  EXPECT_THAT(out, HasSubstr("[0.5, 0.5]"));
}

TEST_F(AttentionReportTest, PatternsAsCsvHoldWhatAQueryMaySee) {
  const std::string out = PatternCsv(Patterns());
  EXPECT_THAT(out, HasSubstr("layer,head,query,key,weight\n"
                             "0,0,0,0,1\n"
                             "0,0,1,0,0\n"
                             "0,0,1,1,1\n"));
  EXPECT_THAT(out, HasSubstr("1,1,1,0,0.75\n1,1,1,1,0.25\n"));
}

TEST_F(AttentionReportTest, FewHeadsAreTablesOfTheirOwn) {
  patterns_.heads = {1};
  patterns_.layers = {1};
  patterns_.patterns = {patterns_.patterns[3]};
  EXPECT_EQ(PatternTable(Patterns(), 0, ColorMode::kNone),
            "Layer 1, head 1: attention weight of each query (down) on each "
            "key (across)\n"
            "query    a   \u00b7b\n"
            "a     1.00     \n"
            "\u00b7b    0.75 0.25\n");
}

TEST_F(AttentionReportTest, ManyHeadsAreOneLineABlock) {
  while (patterns_.patterns.size() <= kMostPatternTables) {
    patterns_.patterns.push_back(patterns_.patterns.back());
  }
  const std::string out = PatternTable(Patterns(), 0, ColorMode::kNone);
  EXPECT_THAT(out, HasSubstr("layer       head 0       head 1\n"
                             "    0      \u00b7b 100%      \u00b7b  75%\n"
                             "    1       a  50%       a  75%\n"));
  EXPECT_THAT(out, HasSubstr("from the last position, \" b\""));
}

TEST_F(AttentionReportTest, LongPromptsAreOneLineABlockToo) {
  const std::size_t tokens = kMostPatternTokens + 1;
  patterns_.ids.assign(tokens, 1);
  patterns_.layers = {1};
  patterns_.heads = {0};
  Tensor weights({tokens, tokens});
  weights.data.back() = 1;
  patterns_.patterns = {{1, 0, weights}};
  EXPECT_THAT(PatternTable(Patterns(), 0, ColorMode::kNone),
              HasSubstr("layer       head 0\n    1       a 100%\n"));
}

TEST_F(AttentionReportTest, APageOfManyWeightsRoundsThem) {
  const auto page = [&](std::size_t tokens) {
    patterns_.ids.assign(tokens, 1);
    patterns_.layers = {1};
    patterns_.heads = {0};
    Tensor weights({tokens, tokens});
    weights.data[0] = 0.75f;
    weights.data[tokens] = 1e-6f;
    weights.data[tokens + 1] = 1;
    patterns_.patterns = {{1, 0, weights}};
    std::string out;
    JsonWriter json(AppendTo(&out), JsonStyle::kCompact);
    WritePackedPatterns(Patterns(), json);
    json.Finish();
    const std::size_t at = out.find("\"weight_scale\"");
    return out.substr(at, out.find("AAAA", at) - at);
  };
  // 65,341; 65,703; and 1,049,076 weights.
  EXPECT_EQ(page(361),
            "\"weight_scale\":1,\"weights\":{\"f32\":\"AABAP703hjUAAIA/");
  EXPECT_EQ(page(362),
            "\"weight_scale\":65535,\"weights\":{\"u16\":\"/78AAP//");
  EXPECT_EQ(page(1448), "\"weight_scale\":255,\"weights\":{\"u8\":\"vwD/");
}

TEST_F(AttentionReportTest, GridHasAPanelAHeadAndNothingAhead) {
  const HeatmapGrid grid = PatternGrid(Patterns());
  EXPECT_EQ(grid.across, 2u);
  ASSERT_EQ(grid.panels.size(), 4u);
  EXPECT_EQ(grid.panels[3].title, "L1 H1");
  EXPECT_TRUE(std::isnan(grid.panels[3].values[0][1]));
  EXPECT_EQ(grid.panels[3].values[1][0], 0.75);
  EXPECT_EQ(grid.shared.range().high, 1);
  // One block's heads stand in a square.
  patterns_.layers = {0};
  patterns_.heads = {0, 1, 2, 3};
  EXPECT_EQ(PatternGrid(Patterns()).across, 2u);
}

TEST_F(AttentionReportTest, ScoresAsJsonRanked) {
  std::string out;
  WriteScoreJson(Scores(), AppendTo(&out));
  EXPECT_THAT(out, HasSubstr("\"schema\": \"pellucid.attn/1\""));
  EXPECT_THAT(out, HasSubstr("\"sample\": {\"n_random_tokens\": 2, "
                             "\"n_repeats\": 2, \"n_sequences\": 1, \"seed\": "
                             "42, \"bos\": false}"));
  EXPECT_THAT(out, HasSubstr("[3, 4, 3, 4]"));
  EXPECT_THAT(out, HasSubstr("{\"layer\": 1, \"head\": 1, \"previous_token\": "
                             "0.125, \"duplicate_token\": 9.99999975e-05, "
                             "\"induction\": 0.75, \"first_token\": "));
  // Of equal scores the lower head first; two of each.
  EXPECT_THAT(
      out, HasSubstr("\"induction\": [{\"layer\": 0, \"head\": 1, \"score\": "
                     "0.899999976}, {\"layer\": 1, \"head\": 0, \"score\": "
                     "0.899999976}]"));
}

TEST_F(AttentionReportTest, ScoresAsATable) {
  const std::string out = ScoreTable(Scores(), 0, ColorMode::kNone);
  EXPECT_THAT(
      out, HasSubstr(
               "rank  previous token   duplicate token  induction        first "
               "token\n"
               "   1  L0 H1   0.500    L1 H0   0.300    L0 H1   0.900    L1 H1 "
               "  0.950\n"));
  EXPECT_THAT(out, Not(HasSubstr("   3  L")));
  EXPECT_THAT(out, HasSubstr("Score of every head: induction\n"));
  EXPECT_THAT(out, HasSubstr("2 random tokens x 2, 1 sequence, seed 42"));
}

TEST_F(AttentionReportTest, ScoresAsCsv) {
  EXPECT_THAT(ScoreCsv(Scores()),
              HasSubstr("layer,head,previous_token,duplicate_token,induction,"
                        "first_token\n0,0,0.100000001,0.200000003,"));
}

TEST_F(AttentionReportTest, ScoresAsPanelsAKind) {
  const HeatmapGrid grid = ScoreGrid(Scores());
  ASSERT_EQ(grid.panels.size(), 4u);
  EXPECT_EQ(grid.panels[2].title, "induction");
  EXPECT_EQ(grid.panels[2].values[1][1], 0.75);
  EXPECT_EQ(grid.across, 4u);
}

}  // namespace
}  // namespace pellucid::render
