// The lens against statistics in float64 made outside, and what it promises to
// the bit.
#include "pellucid/lens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <numeric>
#include <string>

#include "kernels/isa.h"
#include "testutil/golden_json.h"
#include "testutil/hf_goldens.h"
#include "testutil/lens_compare.h"
#include "testutil/lens_golden.h"
#include "testutil/model_path.h"
#include "testutil/noise.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;
using testutil::ExpectSameLens;
using testutil::SameCell;

std::vector<TokenId> RandomIds(std::size_t count, std::uint64_t seed,
                               std::size_t vocab) {
  testutil::Random random(seed);
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) id = static_cast<TokenId>(random.Below(vocab));
  return ids;
}

// Contract 4.4: logz, entropy and KL within 1e-3 on a real model.
void ExpectGolden(const Model& model, const std::string& path,
                  double tolerance) {
  const auto goldens = testutil::LoadLensGolden(path);
  ASSERT_FALSE(goldens.empty());
  for (const testutil::GoldenLens& golden : goldens) {
    const auto lens =
        ComputeLens(model, golden.ids, {.targets = {golden.target}});
    ASSERT_TRUE(lens.ok()) << lens.error().message;
    ASSERT_EQ(lens->rows.size(), golden.rows.size());
    for (std::size_t r = 0; r < golden.rows.size(); ++r) {
      testutil::ExpectGoldenRow(lens->rows[r], golden.rows[r], tolerance);
    }
  }
}

TEST(LensGoldenTest, DefaultModelEqualsFloat64) {
  const auto model = Model::Open(testutil::DefaultModelPath());
  ASSERT_TRUE(model.ok()) << model.error().message;
  ExpectGolden(*model, "smollm2/lens.json", 1e-3);
}

TEST(LensGoldenTest, TinyModelsEqualFloat64) {
  for (const std::string name : {"mha_tied_f32", "gqa_untied_f16"}) {
    ExpectGolden(Model::Open(testutil::TinyLlamaPath(name)).value(),
                 "tiny_llama/" + name + ".lens.json", 2e-4);
  }
}

TEST(LensGoldenTest, TinyFoldersEqualFloat64) {
  for (const std::string name : {"gpt2_plain", "gpt2_untied", "gpt2_legacy",
                                 "llama_plain", "llama_tied"}) {
    const auto model = Model::Open(testutil::HfGoldenPath(name));
    ASSERT_TRUE(model.ok()) << model.error().message;
    ExpectGolden(*model, "tiny_hf/" + name + ".lens.json", 2e-4);
  }
}

// Biases, scales and caps of heads, projections before them, and norms of all
// kinds.
TEST(LensGoldenTest, FamiliesEqualFloat64) {
  std::size_t count = 0;
  for (const std::string& name : testutil::FamilyGoldenNames()) {
    const std::string lens = "families/" + name + ".lens.json";
    if (!std::filesystem::exists(testutil::GoldenPath(lens))) continue;
    SCOPED_TRACE(name);
    const auto model = Model::Open(testutil::FamilyGoldenPath(name));
    ASSERT_TRUE(model.ok()) << model.error().message;
    ExpectGolden(*model, lens, 2e-4);
    ++count;
  }
  EXPECT_GE(count, 20u);
}

class LensTest : public ::testing::TestWithParam<std::string> {
 protected:
  Model Open(std::size_t threads = 2) const {
    return Model::Open(testutil::TinyLlamaPath(GetParam()),
                       {.threads = threads})
        .value();
  }
};
INSTANTIATE_TEST_SUITE_P(Models, LensTest,
                         ::testing::Values("mha_tied_f32", "gqa_untied_f16",
                                           "q8_0", "q5_k"),
                         [](const auto& variant) { return variant.param; });

TEST_P(LensTest, TheLastRowIsTheModelsLogitsToTheBit) {
  const Model model = Open();
  const std::size_t vocab = model.info().vocab_size;
  const auto ids = RandomIds(23, 1, vocab);
  const Lens lens = ComputeLens(model, ids, {.top_k = vocab}).value();
  const Trace trace = model.Run(ids, {.sites = {"logits"}}).value();
  const Tensor& logits = *trace.Find("logits");
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const LensCell& cell = lens.rows.back().cells[t];
    ASSERT_EQ(cell.top.size(), vocab);
    for (const TokenScore& score : cell.top) {
      EXPECT_EQ(score.logit, logits.Row(t)[static_cast<std::size_t>(score.id)]);
    }
    EXPECT_EQ(cell.kl_to_final, 0.0f);
  }
  EXPECT_EQ(lens.max_abs_last_row_minus_logits, 0.0);
}

TEST_P(LensTest, TheLastRowKeepsTheGreatestOfThem) {
  const Model model = Open();
  const std::size_t vocab = model.info().vocab_size;
  const auto ids = RandomIds(23, 1, vocab);
  const Trace trace = model.Run(ids, {.sites = {"logits"}}).value();
  const Tensor& logits = *trace.Find("logits");
  for (const std::size_t k : {1u, 4u}) {
    const Lens lens = ComputeLens(model, ids, {.top_k = k}).value();
    for (std::size_t t = 0; t < ids.size(); ++t) {
      std::vector<TokenId> best(vocab), kept;
      std::iota(best.begin(), best.end(), 0);
      std::ranges::stable_sort(best, std::greater(), [&](TokenId id) {
        return logits.Row(t)[static_cast<std::size_t>(id)];
      });
      best.resize(k);
      for (const TokenScore& score : lens.rows.back().cells[t].top) {
        kept.push_back(score.id);
      }
      EXPECT_EQ(kept, best) << t;
    }
  }
}

TEST_P(LensTest, DoesNotDependOnThreadsBatchOrInstructionSet) {
  const Model model = Open(1);
  const std::size_t vocab = model.info().vocab_size;
  const std::vector<std::vector<TokenId>> prompts = {RandomIds(9, 2, vocab),
                                                     RandomIds(31, 3, vocab)};
  const LensOptions options{.targets = {5, 7}};
  const Lens expected = ComputeLens(model, prompts[1], options).value();
  ExpectSameLens(ComputeLens(Open(3), prompts[1], options).value(), expected);
  ExpectSameLens(ComputeLensBatch(model, prompts, options).value()[1],
                 expected);
  const kernels::Isa best = kernels::CurrentIsa();
  for (const kernels::Isa isa : kernels::SupportedIsas()) {
    SCOPED_TRACE(kernels::NameOf(isa));
    ASSERT_TRUE(kernels::SelectIsa(isa).ok());
    ExpectSameLens(ComputeLens(model, prompts[1], options).value(), expected);
  }
  ASSERT_TRUE(kernels::SelectIsa(best).ok());
}

// A cell is the same whatever else was asked for.
TEST_P(LensTest, SelectionsGiveTheCellsOfTheWhole) {
  const Model model = Open();
  const auto ids = RandomIds(12, 4, model.info().vocab_size);
  const Lens whole = ComputeLens(model, ids).value();
  LensOptions options;
  options.layers = Selection::Of({0});
  options.positions = Selection::Of({-1, 3});
  const Lens part = ComputeLens(model, ids, options).value();
  ASSERT_THAT(part.rows, SizeIs(1));
  EXPECT_EQ(part.rows[0].layer, 0);
  EXPECT_THAT(part.positions, ElementsAre(3, 11));
  EXPECT_TRUE(SameCell(part.rows[0].cells[0], whole.rows[1].cells[3]));
  EXPECT_TRUE(SameCell(part.rows[0].cells[1], whole.rows[1].cells[11]));
  EXPECT_EQ(part.summary[0].top1_agree.has_value(), true);
}

TEST_P(LensTest, NextIsTheInputsOwnNextToken) {
  const Model model = Open();
  const auto ids = RandomIds(6, 5, model.info().vocab_size);
  const Lens lens = ComputeLens(model, ids).value();
  for (const LensRow& row : lens.rows) {
    for (std::size_t t = 0; t + 1 < ids.size(); ++t) {
      EXPECT_EQ(row.cells[t].next->score.id, ids[t + 1]);
    }
    EXPECT_FALSE(row.cells.back().next.has_value());
  }
}

// first_hit and stable_from from the definition, on every token that is ever
// top-1.
TEST_P(LensTest, TargetsAreFollowedOverAllBlocksWhateverLayersAreShown) {
  const Model model = Open();
  const auto ids = RandomIds(10, 6, model.info().vocab_size);
  const Lens whole = ComputeLens(model, ids).value();
  LensOptions options;
  options.layers = Selection::Of({-1});
  for (const LensRow& row : whole.rows) {
    options.targets.push_back(row.cells[4].top[0].id);
  }
  const Lens lens = ComputeLens(model, ids, options).value();
  ASSERT_THAT(lens.rows, SizeIs(1));
  for (const LensTarget& target : lens.targets) {
    std::optional<std::size_t> first, stable;
    for (std::size_t r = 1; r < whole.rows.size(); ++r) {
      const bool hit = whole.rows[r].cells[4].top[0].id == target.id;
      if (hit && !first) first = r - 1;
      if (!hit) stable.reset();
      if (hit && !stable) stable = r - 1;
    }
    EXPECT_EQ(target.first_hit[4], first);
    EXPECT_EQ(target.stable_from[4], stable);
  }
}

TEST_P(LensTest, FollowsTheFinalRowsPrediction) {
  const Model model = Open();
  const auto ids = RandomIds(8, 7, model.info().vocab_size);
  const Lens each =
      ComputeLens(model, ids, {.follow = FollowFinal::kEach}).value();
  const Lens last =
      ComputeLens(model, ids, {.follow = FollowFinal::kLast}).value();
  const std::vector<LensCell>& final_cells = each.rows.back().cells;
  for (const LensRow& row : each.rows) {
    for (std::size_t t = 0; t < ids.size(); ++t) {
      EXPECT_EQ(row.cells[t].final_top1->score.id, final_cells[t].top[0].id);
    }
  }
  for (const LensCell& cell : final_cells) EXPECT_EQ(cell.final_top1->rank, 1u);
  ASSERT_TRUE(last.followed.has_value());
  EXPECT_EQ(last.followed->id, final_cells.back().top[0].id);
  EXPECT_THAT(last.followed->stable_from, SizeIs(1));
  EXPECT_TRUE(last.followed->stable_from[0].has_value());
  EXPECT_EQ(last.rows[0].cells[0].final_top1->score.id, last.followed->id);
}

TEST_P(LensTest, SummariesAreMeansOfTheListedPositions) {
  const Model model = Open();
  const auto ids = RandomIds(9, 8, model.info().vocab_size);
  const Lens lens = ComputeLens(model, ids, {.skip_first = 4}).value();
  for (std::size_t r = 0; r < lens.rows.size(); ++r) {
    double entropy = 0, next = 0;
    for (std::size_t t = 4; t < 9; ++t) {
      entropy += double{lens.rows[r].cells[t].entropy};
      if (t < 8) next += double{lens.rows[r].cells[t].next->score.logprob};
    }
    EXPECT_THAT(lens.summary[r].entropy,
                Optional(static_cast<float>(entropy / 5)));
    EXPECT_THAT(lens.summary[r].next_logprob,
                Optional(static_cast<float>(next / 4)));
  }
  EXPECT_THAT(lens.summary.back().top1_agree, Optional(1.0f));
  const Lens none = ComputeLens(model, ids, {.skip_first = 9}).value();
  EXPECT_FALSE(none.summary[0].entropy.has_value());
}

TEST_P(LensTest, ProbabilitiesOfTheWholeVocabularySumToOne) {
  const Model model = Open();
  const std::size_t vocab = model.info().vocab_size;
  const Lens lens =
      ComputeLens(model, RandomIds(4, 9, vocab), {.top_k = vocab}).value();
  for (const LensRow& row : lens.rows) {
    for (const LensCell& cell : row.cells) {
      double sum = 0;
      for (const TokenScore& score : cell.top) sum += double{score.prob};
      EXPECT_NEAR(sum, 1, 1e-6);
      EXPECT_GE(cell.kl_to_final, 0.0f);
    }
  }
}

TEST_P(LensTest, BadOptionsAreUsageErrors) {
  const Model model = Open();
  const std::vector<TokenId> ids = {1, 2, 3};
  const auto expect = [&](const LensOptions& options, const char* part) {
    const auto lens = ComputeLens(model, ids, options);
    ASSERT_FALSE(lens.ok()) << part;
    EXPECT_EQ(lens.error().code, ErrorCode::kUsage) << part;
    EXPECT_THAT(lens.error().message, HasSubstr(part));
  };
  expect({.top_k = 0}, "top-k 0");
  expect({.top_k = model.info().vocab_size + 1}, "top-k");
  expect({.targets = {-1}}, "target id -1");
  expect({.layers = Selection::Of({99})}, "99");
  expect({.positions = Selection::Of({3})}, "3");
  const auto empty = ComputeLens(model, std::vector<TokenId>{});
  EXPECT_EQ(empty.error().code, ErrorCode::kUsage);
}

TEST_P(LensTest, ReportsProgressAndStops) {
  const Model model = Open();
  const auto ids = RandomIds(5, 10, model.info().vocab_size);
  double last = 0;
  LensOptions options;
  options.progress = [&](double done) {
    EXPECT_GE(done, last);
    last = done;
  };
  ASSERT_TRUE(ComputeLens(model, ids, options).ok());
  EXPECT_NEAR(last, 1, 1e-9);
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(ComputeLens(model, ids, {.stop = source.get_token()}).error().code,
            ErrorCode::kCancelled);
}

}  // namespace
}  // namespace pellucid
