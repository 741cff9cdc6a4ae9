// A lens that takes what the last run left is the lens that takes nothing.
#include "analysis/lens_memory.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "pellucid/lens.h"
#include "pellucid/lens_reuse.h"
#include "testutil/edited_golden.h"
#include "testutil/lens_compare.h"
#include "testutil/noise.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using Ids = std::vector<TokenId>;

TokenId RandomId(testutil::Random& random, const Model& model) {
  return static_cast<TokenId>(random.Below(model.info().vocab_size));
}

Ids RandomIds(std::size_t count, std::uint64_t seed, const Model& model) {
  testutil::Random random(seed);
  Ids ids(count);
  for (TokenId& id : ids) id = RandomId(random, model);
  return ids;
}

// Full attention, sliding windows, experts, and a rotary table that changes
// with the length.
class LensMemoryTest : public ::testing::TestWithParam<std::string> {
 protected:
  // With and without a memory: equal. Returns how many tokens were taken.
  std::size_t Compare(const Ids& ids, LensOptions options) {
    const auto alone = ComputeLens(model_, ids, options);
    options.reuse = reuse_;
    const auto behind = ComputeLens(model_, ids, options);
    EXPECT_TRUE(alone.ok() && behind.ok());
    if (alone.ok() && behind.ok()) testutil::ExpectEqualLens(*behind, *alone);
    return reuse_->reused();
  }

  const Model model_ = Model::Open(testutil::GoldenPath(GetParam())).value();
  const std::shared_ptr<LensReuse> reuse_ = std::make_shared<LensReuse>(model_);
};
INSTANTIATE_TEST_SUITE_P(Models, LensMemoryTest,
                         ::testing::Values("tiny_hf/llama_plain",
                                           "families/mistral_window",
                                           "families/qwen3_moe_plain",
                                           "families/llama_dynamic_short"),
                         [](const auto& variant) {
                           return variant.param.substr(variant.param.find('/') +
                                                       1);
                         });

// Somebody types: tokens are added, taken back, changed.
TEST_P(LensMemoryTest, AfterAnyOtherPromptNoBitDiffers) {
  testutil::Random random(7);
  LensOptions options;
  options.follow = FollowFinal::kEach;
  options.targets = {3};
  Ids ids = {RandomId(random, model_)};
  const std::size_t most = model_.info().context_length;
  std::size_t taken = 0;
  for (int step = 0; step < 40; ++step) {
    SCOPED_TRACE(step);
    taken += Compare(ids, options);
    const std::size_t left = 1 + random.Below(ids.size());
    if (random.Below(3) == 0) ids.resize(left);
    for (std::size_t more = 1 + random.Below(3); more > 0; --more) {
      if (ids.size() < most) ids.push_back(RandomId(random, model_));
    }
    // Other rows, other tokens: nothing of before is of use, and no harm.
    if (step == 20) options.top_k = 2;
    if (step == 30) options.layers = Selection::Of({0});
  }
  EXPECT_GT(taken, 40u);
}

TEST_P(LensMemoryTest, OnlyWhatIsNewIsRun) {
  const Ids ids = RandomIds(8, 1, model_);
  const Ids beginning(ids.begin(), ids.begin() + 6);
  EXPECT_EQ(Compare(beginning, {}), 0u);
  EXPECT_EQ(Compare(ids, {}), 5u);  // the sixth has another next token
  EXPECT_EQ(Compare(ids, {}), 7u);
  EXPECT_EQ(Compare(ids, {.top_k = 3}), 0u);
  EXPECT_EQ(Compare(ids, {.top_k = 3, .targets = {1}}), 0u);
}

TEST_P(LensMemoryTest, PartsComeInOrderAndAreWhole) {
  const Ids ids = RandomIds(8, 1, model_);
  const Ids beginning(ids.begin(), ids.begin() + 5);
  Compare(beginning, {});
  std::vector<std::size_t> positions;
  LensOptions options;
  options.reuse = reuse_;
  options.max_residual_bytes = 0;  // blocks of one position
  options.on_part = [&](std::size_t, const Lens& part) {
    positions.insert(positions.end(), part.positions.begin(),
                     part.positions.end());
  };
  const auto lens = ComputeLens(model_, ids, options);
  ASSERT_TRUE(lens.ok());
  EXPECT_EQ(reuse_->reused(), 4u);
  EXPECT_EQ(positions, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  testutil::ExpectEqualLens(*lens, ComputeLens(model_, ids).value());
}

// Those of a run alone, so that nobody who reads them can tell.
TEST_P(LensMemoryTest, PartsBeginAtTheSamePlaces) {
  const std::size_t most = model_.info().context_length;
  const Ids ids = RandomIds(most, 1, model_);
  const auto parts = [&](std::shared_ptr<LensReuse> reuse) {
    std::vector<std::vector<std::size_t>> positions;
    LensOptions options;
    options.reuse = std::move(reuse);
    options.on_part = [&](std::size_t, const Lens& part) {
      positions.push_back(part.positions);
    };
    EXPECT_TRUE(ComputeLens(model_, ids, options).ok());
    return positions;
  };
  const auto alone = parts(nullptr);
  for (const std::size_t shared : {1u, 15u, 16u, 17u, 18u, 31u, 40u}) {
    if (shared > most) continue;
    const Ids beginning(ids.begin(),
                        ids.begin() + static_cast<std::ptrdiff_t>(shared));
    Compare(beginning, {});
    EXPECT_EQ(parts(reuse_), alone) << shared;
  }
}

// Ends a run at its n-th look at progress.
TEST_P(LensMemoryTest, ARunThatWasStoppedLeavesWhatItFinished) {
  const Ids ids = RandomIds(8, 1, model_);
  const Ids beginning(ids.begin(), ids.begin() + 5);
  for (int stop_at = 1; stop_at < 12; ++stop_at) {
    SCOPED_TRACE(stop_at);
    Compare(beginning, {});
    std::stop_source stop;
    int looks = 0;
    LensOptions options;
    options.reuse = reuse_;
    options.max_residual_bytes = 0;
    options.stop = stop.get_token();
    options.progress = [&](double) {
      if (++looks == stop_at) stop.request_stop();
    };
    (void)ComputeLens(model_, ids, options);
    EXPECT_GE(Compare(ids, {}), 4u);
  }
}

TEST_P(LensMemoryTest, OtherRunsLeaveItAlone) {
  const Ids ids = RandomIds(6, 1, model_);
  Compare(ids, {});
  const auto compare_apart = [&](LensOptions options) {
    Compare(RandomIds(6, 2, model_), options);
  };
  Edit zero{.site = "blocks.0.hook_mlp_out", .kind = EditKind::kZero};
  compare_apart({.edits = {zero}});
  compare_apart({.follow = FollowFinal::kLast});
  compare_apart({.positions = Selection::Of({0, 5})});
  EXPECT_EQ(Compare(ids, {}), 5u);
}

TEST(LensReuseTest, IsOfOneModelAndOfShortPrompts) {
  const Model model =
      Model::Open(testutil::TinyLlamaPath("gqa_untied_f16")).value();
  const auto reuse = std::make_shared<LensReuse>(model, 4);
  LensOptions options;
  options.reuse = reuse;
  const Ids ids = RandomIds(4, 1, model);
  const auto run = [&](const Model& with, const Ids& prompt) {
    ASSERT_TRUE(ComputeLens(with, prompt, options).ok());
  };
  run(model, ids);
  run(Model::Open(testutil::TinyLlamaPath("gqa_untied_f16")).value(), ids);
  EXPECT_EQ(reuse->reused(), 0u);
  run(model, RandomIds(5, 1, model));
  EXPECT_EQ(reuse->reused(), 0u);
  run(model, ids);
  EXPECT_EQ(reuse->reused(), 3u);
}

}  // namespace
}  // namespace pellucid
