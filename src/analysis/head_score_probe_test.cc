#include "analysis/head_score_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace pellucid {
namespace {

using ::testing::ElementsAre;

// BOS, then a b c a b c a b c: weights that name their key.
constexpr RepeatedForm kForm{.lead = 1, .block = 3, .repeats = 3};
constexpr std::array<float, 10> kRow = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};

std::array<double, 4> At(std::size_t query) {
  return ScoresOfRow(kForm, query, kRow.data());
}

TEST(HeadScoreProbeTest, RowsGiveTheWeightsOfTheirPlaces) {
  EXPECT_THAT(At(0), ElementsAre(0, 0, 0, 0));    // BOS sees itself alone
  EXPECT_THAT(At(1), ElementsAre(0, 0, 0, 1));    // no random token before
  EXPECT_THAT(At(3), ElementsAre(4, 0, 0, 1));    // none came before
  EXPECT_THAT(At(4), ElementsAre(8, 2, 4, 1));    // a, after a b c
  EXPECT_THAT(At(6), ElementsAre(32, 8, 16, 1));  // c, after a b c a b
  EXPECT_THAT(At(9), ElementsAre(256, 64 + 8, 128, 1));  // c for the third time
}

TEST(HeadScoreProbeTest, WithoutBosTheFirstRandomTokenIsTheFirst) {
  const RepeatedForm form{.lead = 0, .block = 3, .repeats = 2};
  EXPECT_THAT(ScoresOfRow(form, 0, kRow.data()), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(ScoresOfRow(form, 1, kRow.data()), ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(ScoresOfRow(form, 3, kRow.data()), ElementsAre(4, 1, 2, 1));
}

TEST(HeadScoreProbeTest, CountsTheRowsThatEachScoreIsAbout) {
  EXPECT_THAT(RowsScored(kForm), ElementsAre(8, 6, 6, 9));
  EXPECT_THAT(RowsScored({.lead = 0, .block = 3, .repeats = 2}),
              ElementsAre(5, 3, 3, 5));
}

// Two runs of one sequence each equal one run of two.
TEST(HeadScoreProbeTest, RunsAddUp) {
  const RepeatedForm form{.lead = 0, .block = 2, .repeats = 2};
  const std::vector<float> pattern = {1,    0,    0,    0,  // [4, 4]
                                      0.5f, 0.5f, 0,    0,  //
                                      0.1f, 0.2f, 0.7f, 0,  //
                                      0.3f, 0.1f, 0.2f, 0.4f};
  const ConstMatrixView rows{pattern.data(), 4, 4};
  const SiteKey shown{Point::kPattern, 0}, done{Point::kZ, 0};
  HeadScoreProbe one(form, 1, 1, 1), two(form, 2, 1, 1);
  for (int run = 0; run < 2; ++run) {
    one.Begin(1);
    one.VisitAttention(shown, 0, 0, 0, rows);
    one.Visit(done, {});
  }
  two.Begin(2);
  two.VisitAttention(shown, 1, 0, 0, rows);
  two.VisitAttention(shown, 0, 0, 0, rows.Rows(0, 2));
  two.VisitAttention(shown, 0, 0, 2, rows.Rows(2, 2));
  two.Visit(done, {});
  const HeadScore a = one.Means(2).front(), b = two.Means(2).front();
  for (const HeadKind kind : kHeadKinds) EXPECT_EQ(a.Of(kind), b.Of(kind));
  // Of each row in float32, exact here: the mean of two halves.
  EXPECT_DOUBLE_EQ(a.induction, (double{0.2f} + double{0.2f}) / 2);
  EXPECT_DOUBLE_EQ(a.duplicate_token, (double{0.1f} + double{0.1f}) / 2);
}

}  // namespace
}  // namespace pellucid
