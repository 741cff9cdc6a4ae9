// The lens of an edited run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pellucid/lens.h"
#include "testutil/hf_goldens.h"
#include "testutil/lens_compare.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

std::vector<TokenId> RandomIds(std::size_t count, std::uint64_t seed) {
  testutil::Random random(seed);
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) id = static_cast<TokenId>(random.Below(50));
  return ids;
}

// One of each sort, a mean over all tokens among them.
std::vector<Edit> SomeEdits() {
  std::vector<Edit> edits = {
      {.site = "embed", .kind = EditKind::kNoise, .factor = 0.5f, .seed = 4},
      {.site = "model.layers.0.self_attn", .kind = EditKind::kMean},
      {.site = "model.layers.1.self_attn.pattern", .kind = EditKind::kZero},
      {.site = "model.layers.0", .kind = EditKind::kScale, .factor = -1}};
  edits[1].scope.positions = Selection::Of({0});
  edits[2].scope.keys = Selection::Of({0});
  edits[3].scope.positions = Selection::Last();
  return edits;
}

class LensEditsTest : public ::testing::Test {
 protected:
  std::string Problem(const std::string& site, EditKind kind) const {
    LensOptions options;
    options.edits = {{.site = site, .kind = kind}};
    const auto lens = ComputeLens(model_, ids_, options);
    const Status check = CheckLensOptions(model_, options);
    if (lens.ok() || check.ok()) return "no error";
    EXPECT_EQ(lens.error().code, ErrorCode::kUsage);
    EXPECT_EQ(check.error().message, lens.error().message);
    return lens.error().message;
  }

  const Model model_ =
      Model::Open(testutil::FamilyGoldenPath("gemma2_plain")).value();
  const std::vector<TokenId> ids_ = RandomIds(9, 1);
};

TEST_F(LensEditsTest, TheLastRowIsTheEditedModelsOwn) {
  const auto run =
      model_.Run(ids_, {.sites = {"logits"}, .edits = SomeEdits()});
  ASSERT_TRUE(run.ok()) << run.error().message;
  LensOptions options;
  options.edits = SomeEdits();
  const auto lens = ComputeLens(model_, ids_, options);
  ASSERT_TRUE(lens.ok()) << lens.error().message;
  EXPECT_EQ(lens->max_abs_last_row_minus_logits, 0);
  const Tensor& logits = *run->Find("logits");
  for (const LensCell& cell : lens->rows.back().cells) {
    for (const TokenScore& top : cell.top) {
      EXPECT_TRUE(testutil::SameFloat(
          top.logit,
          logits.Row(cell.position)[static_cast<std::size_t>(top.id)]));
    }
  }
  const auto plain = ComputeLens(model_, ids_);
  ASSERT_TRUE(plain.ok());
  for (const std::size_t row : {std::size_t{0}, lens->rows.size() - 1}) {
    EXPECT_FALSE(testutil::SameCell(plain->rows[row].cells.back(),
                                    lens->rows[row].cells.back()));
  }
}

TEST_F(LensEditsTest, NeitherBatchNorBudgetChangesABit) {
  LensOptions options;
  options.edits = SomeEdits();
  options.positions = Selection::Parse("::2", "--positions").value();
  const std::vector<std::vector<TokenId>> prompts = {RandomIds(4, 2), ids_,
                                                     RandomIds(7, 3)};
  const auto alone = ComputeLens(model_, ids_, options);
  ASSERT_TRUE(alone.ok()) << alone.error().message;
  for (const std::size_t cells : {0u, 3u, 1000u}) {
    options.max_residual_bytes = cells * model_.info().d_model * sizeof(float);
    const auto batch = ComputeLensBatch(model_, prompts, options);
    ASSERT_TRUE(batch.ok()) << batch.error().message;
    testutil::ExpectSameLens((*batch)[1], *alone);
  }
}

TEST_F(LensEditsTest, PromptsAreThoseOfTheWholeBatch) {
  LensOptions options;
  options.edits = SomeEdits();
  for (Edit& edit : options.edits) edit.scope.prompts = {2};
  const std::vector<std::vector<TokenId>> prompts = {ids_, ids_, ids_};
  options.max_residual_bytes = 0;  // a position at a time
  const auto batch = ComputeLensBatch(model_, prompts, options);
  ASSERT_TRUE(batch.ok()) << batch.error().message;
  testutil::ExpectSameLens((*batch)[0], ComputeLens(model_, ids_).value());
  testutil::ExpectSameLens((*batch)[1], (*batch)[0]);
  options.edits = SomeEdits();
  testutil::ExpectSameLens((*batch)[2],
                           ComputeLens(model_, ids_, options).value());
}

// Each row has a head of its own.
TEST_F(LensEditsTest, PointsOfTheHeadAreRefused) {
  for (const std::string site : {"model.norm", "lm_head", "logits"}) {
    EXPECT_EQ(Problem(site, EditKind::kZero),
              "lens: edits: edit 0 (zero of " + site +
                  "): comes after the states that a lens reads; edit a "
                  "block, or record logits with trace");
  }
  EXPECT_THAT(Problem("model.layers.7", EditKind::kZero),
              HasSubstr("edits: edit 0 (zero of model.layers.7): this "
                        "model has no such site; nearest: "));
  EXPECT_THAT(Problem("embed", EditKind::kReplace), HasSubstr("no values"));
  LensOptions options;
  options.edits = {{.site = "embed"}};
  options.edits[0].scope.positions = Selection::Of({9});
  EXPECT_TRUE(CheckLensOptions(model_, options).ok());
  EXPECT_THAT(ComputeLens(model_, ids_, options).error().message,
              HasSubstr("positions: index 9 is out of range"));
}

}  // namespace
}  // namespace pellucid
