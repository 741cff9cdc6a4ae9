#include "analysis/self_check.h"

#include <gtest/gtest.h>

#include "kernels/isa.h"
#include "testutil/model_path.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

void ExpectAllHold(const SelfCheckReport& report) {
  for (const SelfCheck& check : report.checks) {
    EXPECT_TRUE(check.ok) << check.name << ": " << check.value.value_or(-1)
                          << " over " << check.limit.value_or(-1);
  }
  EXPECT_TRUE(report.ok());
}

TEST(SelfCheckTest, EveryTinyModelPasses) {
  for (const std::string& name : testutil::TinyLlamaNames()) {
    SCOPED_TRACE(name);
    const Model model = Model::Open(testutil::TinyLlamaPath(name)).value();
    const auto report = RunSelfChecks(model);
    ASSERT_TRUE(report.ok()) << report.error().message;
    ExpectAllHold(*report);
    EXPECT_GE(report->checks.size(), 8u);
    EXPECT_FALSE(report->in_force.empty());
  }
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
