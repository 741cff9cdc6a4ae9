// `pellucid lens --precision`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/isa.h"
#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LensPrecisionFlagTest : public ::testing::Test {
 protected:
  LensPrecisionFlagTest() {
    EXPECT_TRUE(kernels::SelectIsa(kernels::Isa::kReference).ok());
  }
  ~LensPrecisionFlagTest() override {
    EXPECT_TRUE(kernels::SelectIsa(before_).ok());
  }
  testutil::CliOutcome Lens(std::vector<std::string> more) {
    std::vector<std::string> args = {"lens", "-m", model_, "c ab"};
    args.insert(args.end(), more.begin(), more.end());
    return testutil::RunCli(std::move(args));
  }

  const kernels::Isa before_ = kernels::CurrentIsa();
  testutil::TempDir dir_;
  const std::string model_ = testutil::WriteTextModel(dir_);
};

TEST_F(LensPrecisionFlagTest, FastSaysSoAndTellsItsError) {
  const auto json = Lens({"--precision", "fast", "--json", "-"});
  EXPECT_EQ(json.exit_code, 0) << json.err;
  EXPECT_THAT(json.out, HasSubstr("\"precision\": \"fast\""));
  EXPECT_THAT(json.out, HasSubstr("\"checks\": {"
                                  "\"max_abs_last_row_minus_logits\": 0, "
                                  "\"fast\": {\"cells\": 6, "
                                  "\"max_abs_prob_error\": "));
  EXPECT_THAT(json.out, HasSubstr("\"top_k_equal\": 1}}"));
  EXPECT_THAT(Lens({"--precision", "fast"}).out, HasSubstr("precision fast: "));
  EXPECT_THAT(Lens({}).out, Not(HasSubstr("precision")));
}

TEST_F(LensPrecisionFlagTest, AnotherNameIsRefused) {
  const auto run = Lens({"--precision", "quick"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("exact"));
}

}  // namespace
}  // namespace pellucid::cli
