// BestOfHead is compared with the pass of every lens: lens_test.cc and others
// expect a difference of 0.
#include "analysis/final_rows.h"

#include <gtest/gtest.h>

#include <vector>

#include "model/model_impl.h"
#include "pellucid/model.h"
#include "testutil/noise.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using Best = std::vector<TopLogit>;

TEST(FinalRowsTest, TheWorstDifferenceIsById) {
  const Best head = {{5.0f, 8}, {4.0f, 2}, {1.0f, 3}};
  EXPECT_EQ(WorstDifference(head, head), 0);
  EXPECT_EQ(WorstDifference(Best{{5.0f, 8}, {4.25f, 2}, {0.5f, 3}}, head), 0.5);
  // In another order: each with its own.
  EXPECT_EQ(WorstDifference(Best{{4.5f, 2}, {4.0f, 8}}, head), 1);
}

TEST(FinalRowsTest, AnIdThatTheHeadLacksIsAsFarAsItsLast) {
  const Best head = {{5.0f, 8}, {4.0f, 2}};
  EXPECT_EQ(WorstDifference(Best{{5.0f, 8}, {6.0f, 77}}, head), 2);
}

TEST(FinalRowsTest, KeptLogitsAreComparedWithTheHeads) {
  const Model model =
      Model::Open(testutil::TinyLlamaPath("gqa_untied_f16")).value();
  const Head& head = model.impl().head;
  const std::vector<float> state = testutil::Noise(model.info().d_model, 1);
  Best kept;
  std::vector<float> row;
  for (const TokenId id : {3, 0, 7}) {
    head.ReadTokenRow(id, row);
    kept.push_back({head.LogitOf(id, state, row), id});
  }
  EXPECT_EQ(WorstOfKept(head, state, kept), 0);
  kept[1].logit += 0.5f;
  kept[2].logit -= 2;
  EXPECT_NEAR(WorstOfKept(head, state, kept), 2, 1e-6);
}

}  // namespace
}  // namespace pellucid
