// Scores of heads: against Hugging Face's own patterns on the same tokens, and
// what may not change them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "pellucid/attention.h"
#include "testutil/golden_json.h"
#include "testutil/head_goldens.h"
#include "testutil/hf_goldens.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"

namespace pellucid {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using testutil::GoldenHeadScores;

Model Open(const std::string& folder, std::size_t threads = 2) {
  return Model::Open(testutil::GoldenPath(folder), {.threads = threads})
      .value();
}

std::string Refused(const Model& model, const HeadScoreOptions& options) {
  const auto scores = ScoreHeads(model, options);
  EXPECT_FALSE(scores.ok());
  if (scores.ok()) return "";
  EXPECT_EQ(scores.error().code, ErrorCode::kUsage);
  return scores.error().message;
}

// A weight is within 1e-4 of theirs (docs/numerics.md: activations), and so are
// means of weights; sums of two double that.
TEST(AttentionScoresTest, EqualThoseOfHuggingFacesPatterns) {
  const auto goldens = testutil::LoadGoldenHeadScores();
  ASSERT_GE(goldens.size(), 4u);
  for (const GoldenHeadScores& golden : goldens) {
    const auto scores = ScoreHeads(Open(golden.folder),
                                   {.n_random_tokens = golden.n_random_tokens,
                                    .n_repeats = golden.n_repeats,
                                    .n_sequences = golden.sequences.size(),
                                    .seed = golden.seed});
    ASSERT_TRUE(scores.ok()) << scores.error().message;
    EXPECT_EQ(scores->sequences, golden.sequences) << golden.folder;
    EXPECT_FALSE(scores->has_bos);
    ASSERT_EQ(scores->heads.size(), golden.scores.size()) << golden.folder;
    for (std::size_t i = 0; i < golden.scores.size(); ++i) {
      const HeadScore& head = scores->heads[i];
      EXPECT_EQ(head.layer * scores->n_heads + head.head, i);
      for (std::size_t kind = 0; kind < kHeadKinds.size(); ++kind) {
        EXPECT_NEAR(head.Of(kHeadKinds[kind]), golden.scores[i][kind], 2e-4)
            << golden.folder << " " << i << " "
            << HeadKindName(kHeadKinds[kind]);
      }
    }
  }
}

// 120 sequences of 20 tokens are more than one run takes at once.
TEST(AttentionScoresTest, ThreadsAndHowManyRunAtOnceChangeNoBit) {
  const HeadScoreOptions options{
      .n_random_tokens = 10, .n_sequences = 120, .seed = 3};
  const auto one = ScoreHeads(Open("families/mistral_window", 1), options);
  const auto three = ScoreHeads(Open("families/mistral_window", 3), options);
  ASSERT_TRUE(one.ok() && three.ok());
  for (std::size_t i = 0; i < one->heads.size(); ++i) {
    for (const HeadKind kind : kHeadKinds) {
      EXPECT_EQ(one->heads[i].Of(kind), three->heads[i].Of(kind));
    }
  }
}

TEST(AttentionScoresTest, RankingPutsTheHighestFirst) {
  const auto scores = ScoreHeads(Open("tiny_hf/gpt2_plain"),
                                 {.n_random_tokens = 5, .n_sequences = 2});
  ASSERT_TRUE(scores.ok()) << scores.error().message;
  for (const HeadKind kind : kHeadKinds) {
    const std::vector<HeadScore> ranked = RankHeads(*scores, kind);
    ASSERT_EQ(ranked.size(), scores->heads.size());
    for (std::size_t i = 1; i < ranked.size(); ++i) {
      EXPECT_GE(ranked[i - 1].Of(kind), ranked[i].Of(kind));
    }
  }
}

// Of the 19 ids of the text model, 0 and 1 are special.
TEST(AttentionScoresTest, SpecialTokensAreNotDrawnAndBosStandsFirst) {
  const testutil::TempDir dir;
  const Model model =
      Model::Open(testutil::WriteTextModel(dir, /*adds_bos=*/true)).value();
  const HeadScoreOptions options{.n_random_tokens = 7, .n_sequences = 20};
  const auto scores = ScoreHeads(model, options);
  ASSERT_TRUE(scores.ok()) << scores.error().message;
  EXPECT_TRUE(scores->has_bos);
  std::set<TokenId> drawn;
  for (const std::vector<TokenId>& ids : scores->sequences) {
    ASSERT_EQ(ids.size(), 15u);
    EXPECT_EQ(ids.front(), 0);
    for (std::size_t i = 1; i < ids.size(); ++i) {
      drawn.insert(ids[i]);
      if (i <= 7) continue;
      EXPECT_EQ(ids[i], ids[i - 7]);
    }
    EXPECT_EQ(std::set<TokenId>(ids.begin() + 1, ids.begin() + 8).size(), 7u);
  }
  EXPECT_EQ(drawn.size(), 17u);
  EXPECT_THAT(drawn, Each(::testing::Gt(1)));

  HeadScoreOptions never = options;
  never.bos = BosPolicy::kNever;
  const auto without = ScoreHeads(model, never);
  ASSERT_TRUE(without.ok()) << without.error().message;
  EXPECT_FALSE(without->has_bos);
  EXPECT_EQ(without->sequences[0].size(), 14u);
}

TEST(AttentionScoresTest, SizesThatDefineNoScoreAreRefused) {
  const Model model = Open("tiny_hf/gpt2_plain");  // context 16
  EXPECT_THAT(Refused(model, {.n_random_tokens = 1}),
              HasSubstr("random tokens: 1 given, but 2 are needed"));
  EXPECT_THAT(Refused(model, {.n_random_tokens = 5, .n_repeats = 1}),
              HasSubstr("repeats: 1 given"));
  EXPECT_THAT(Refused(model, {.n_random_tokens = 5, .n_sequences = 0}),
              HasSubstr("sequences: 0 is not within"));
  EXPECT_THAT(Refused(model, {}),
              HasSubstr("50 x 2 are more than the 16 tokens"));
  const auto bos =
      ScoreHeads(model, {.n_random_tokens = 5, .bos = BosPolicy::kAlways});
  ASSERT_FALSE(bos.ok());
  EXPECT_EQ(bos.error().code, ErrorCode::kModel);  // it has no tokenizer
}

TEST(AttentionScoresTest, BosCountsTowardsTheContext) {
  const testutil::TempDir dir;
  const Model model = Model::Open(testutil::WriteTextModel(dir)).value();
  EXPECT_THAT(Refused(model, {.n_random_tokens = 8,
                              .n_repeats = 2,
                              .bos = BosPolicy::kAlways}),
              HasSubstr("8 x 2 and BOS are more than the 16"));
}

}  // namespace
}  // namespace pellucid
