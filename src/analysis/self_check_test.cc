#include "analysis/self_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "kernels/isa.h"
#include "testutil/golden_json.h"
#include "testutil/hf_goldens.h"
#include "testutil/model_path.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testutil::TempDir;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

void ExpectAllHold(const SelfCheckReport& report) {
  for (const SelfCheck& check : report.checks) {
    EXPECT_TRUE(check.ok) << check.name << ": " << check.value.value_or(-1)
                          << " over " << check.limit.value_or(-1);
  }
  EXPECT_TRUE(report.ok());
}

std::vector<std::string> NamesOf(const SelfCheckReport& report) {
  std::vector<std::string> names;
  for (const SelfCheck& check : report.checks) names.push_back(check.name);
  return names;
}

std::vector<std::string> FailedOf(const SelfCheckReport& report) {
  std::vector<std::string> names;
  for (const SelfCheck& check : report.checks) {
    if (!check.ok) names.push_back(check.name);
  }
  return names;
}

SelfCheckReport CheckPath(const std::string& path) {
  const auto model = Model::Open(path, {.threads = 2});
  EXPECT_TRUE(model.ok()) << model.error().message;
  const auto report = RunSelfChecks(*model);
  EXPECT_TRUE(report.ok()) << report.error().message;
  return *report;
}

SelfCheckReport CheckFolder(const testutil::HfModel& model) {
  const TempDir dir;
  model.Write(dir.path());
  return CheckPath(dir.path());
}

TEST(SelfCheckTest, EveryTinyModelPasses) {
  for (const std::string& name : testutil::TinyLlamaNames()) {
    SCOPED_TRACE(name);
    const SelfCheckReport report = CheckPath(testutil::TinyLlamaPath(name));
    ExpectAllHold(report);
    EXPECT_THAT(
        NamesOf(report),
        ElementsAre("tensors_whole", "weights_finite", "activations_finite",
                    "statistics_finite", "last_row_is_logits",
                    "last_row_equals_forward", "probabilities_sum_to_1",
                    "kl_not_negative", "kl_final_is_zero", "threads_agree",
                    "batch_agrees", "cache_agrees", "instruction_sets_agree"));
  }
}

TEST(SelfCheckTest, EveryFamilyPasses) {
  for (const std::string& name : testutil::FamilyGoldenNames()) {
    SCOPED_TRACE(name);
    ExpectAllHold(CheckPath(testutil::FamilyGoldenPath(name)));
  }
}

TEST(SelfCheckTest, EveryMlxSchemePasses) {
  for (const auto& entry :
       std::filesystem::directory_iterator(testutil::GoldenPath("mlx"))) {
    if (!entry.is_directory()) continue;
    SCOPED_TRACE(entry.path());
    ExpectAllHold(CheckPath(entry.path()));
  }
}

// What needs activations is left out where these are no numbers.
TEST(SelfCheckTest, ANanIsNamedAndEndsTheRuns) {
  testutil::HfModel model = testutil::TinyHfLlama();
  model["model.layers.1.mlp.up_proj.weight"].values[3 * 8 + 5] = kNan;
  const SelfCheckReport report = CheckFolder(model);
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(NamesOf(report), ElementsAre("tensors_whole", "weights_finite",
                                           "activations_finite"));
  EXPECT_THAT(FailedOf(report),
              ElementsAre("weights_finite", "activations_finite"));
  EXPECT_EQ(report.checks[1].value, 1);
  EXPECT_THAT(report.checks[1].note,
              HasSubstr("1 in model.layers.1.mlp.up_proj.weight, the first at "
                        "[3, 5] is nan"));
  EXPECT_THAT(report.checks[2].note, HasSubstr("model.layers.1.mlp.up_proj"));
}

// No prompt of ours has this token.
TEST(SelfCheckTest, ANanThatNoPromptMeetsIsFound) {
  testutil::HfModel model = testutil::TinyHfLlama();
  model.config["tie_word_embeddings"] = "false";
  model.Add("lm_head.weight", {19, 8});
  model["model.embed_tokens.weight"].values[18 * 8] = kNan;
  const SelfCheckReport report = CheckFolder(model);
  EXPECT_THAT(FailedOf(report), ElementsAre("weights_finite"));
  EXPECT_THAT(report.checks[1].note,
              HasSubstr("model.embed_tokens.weight, the first at [18, 0]"));
  EXPECT_GE(report.checks.size(), 10u);
}

TEST(SelfCheckTest, ATokenizerThatCannotBeReadIsSaid) {
  const TempDir dir;
  testutil::TinyHfLlama().Write(dir.path());
  testutil::WriteFileText(dir / "tokenizer.json", "{\"model\": 7}");
  const SelfCheckReport report = CheckPath(dir.path());
  EXPECT_THAT(FailedOf(report), ElementsAre("tokenizer_opens"));
}

TEST(SelfCheckTest, TheDefaultModelPasses) {
  if (!testutil::HasDefaultModel()) GTEST_SKIP() << "no default model here";
  const Model model = Model::Open(testutil::DefaultModelPath()).value();
  const auto report = RunSelfChecks(model);
  ASSERT_TRUE(report.ok()) << report.error().message;
  ExpectAllHold(*report);
}

TEST(SelfCheckTest, TheInstructionSetIsPutBack) {
  const kernels::Isa before = kernels::CurrentIsa();
  const Model model =
      Model::Open(testutil::TinyLlamaPath("mha_tied_f32")).value();
  ASSERT_TRUE(RunSelfChecks(model).ok());
  EXPECT_EQ(kernels::CurrentIsa(), before);
}

TEST(SelfCheckTest, AStopIsObeyed) {
  std::stop_source stop;
  stop.request_stop();
  const Model model =
      Model::Open(testutil::TinyLlamaPath("mha_tied_f32")).value();
  const auto report = RunSelfChecks(model, stop.get_token());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace pellucid
