#include "cli/tune_jacobian.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "testutil/run_cli.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"
#include "testutil/tiny_hf.h"

namespace pellucid::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testutil::CliOutcome;
using testutil::RunCli;
using Strings = std::vector<std::string>;

class TuneJacobianTest : public ::testing::Test {
 protected:
  TuneJacobianTest() {
    std::string text;
    for (int i = 0; i < 10; ++i) text += "abc ab dea hgf bad cab 012 3";
    testutil::WriteFileText(dir_ / "text.txt", text);
  }
  CliOutcome Run(Strings args) {
    args.insert(args.end(), {"-m", model_});
    return RunCli(std::move(args), "");
  }
  CliOutcome Fit(const std::string& out, const std::string& prompts = "3",
                 const std::string& skip_first = "2", Strings more = {}) {
    Strings args = {"tune",      "jacobian", "--text",       dir_ / "text.txt",
                    "--out",     dir_ / out, "--window",     "8",
                    "--prompts", prompts,    "--skip-first", skip_first};
    args.insert(args.end(), more.begin(), more.end());
    return Run(std::move(args));
  }

  testutil::TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
};

TEST_F(TuneJacobianTest, HelpNamesItsOwnDefaults) {
  const CliOutcome help = Run({"tune", "jacobian", "--help"});
  EXPECT_THAT(help.out, AllOf(HasSubstr("one prompt; default: 128"),
                              HasSubstr("default: 4")));
}

TEST_F(TuneJacobianTest, WhatItFitsDecodesRows) {
  const CliOutcome fit = Fit("lens");
  ASSERT_EQ(fit.exit_code, 0) << fit.err;
  EXPECT_THAT(fit.out, AllOf(HasSubstr("standard error"), HasSubstr("%  model"),
                             HasSubstr("from 3 prompts")));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "lens/checkpoint.safetensors"));
  const std::string lens = "jacobian:" + (dir_ / "lens");
  EXPECT_THAT(Run({"lens", "--lens", lens, "ab cab"}).out,
              HasSubstr("jacobian lens; cells"));
  const CliOutcome vector =
      Run({"steer", "make", "--token", "ab", "--lens", lens, "--layer", "0",
           "--out", dir_ / "v.safetensors"});
  ASSERT_EQ(vector.exit_code, 0) << vector.err;
  EXPECT_THAT(vector.out, HasSubstr("length 1\n"));
}

TEST_F(TuneJacobianTest, WritesWhatItIsMadeOf) {
  const CliOutcome fit =
      Fit("lens", "3", "2", {"--json", "-", "--copies", "5"});
  ASSERT_EQ(fit.exit_code, 0) << fit.err;
  EXPECT_THAT(fit.out,
              AllOf(HasSubstr("\"fit.method\": \"jacobian\""),
                    HasSubstr("\"fit.prompts\": 3"),
                    HasSubstr("\"fit.standard_error.model.layers.0\": "),
                    HasSubstr("\"losses\": [")));
  EXPECT_THAT(Fit("one", "1").out,
              AllOf(HasSubstr("  -  model"), HasSubstr("from 1 prompts")));
}

TEST_F(TuneJacobianTest, SaysWhatIsWrong) {
  EXPECT_THAT(Run({"tune", "jacobian", "--out", dir_ / "x"}).err,
              HasSubstr("--text"));
  EXPECT_THAT(Run({"tune", "jacobian", "--text", dir_ / "text.txt"}).err,
              HasSubstr("--out"));
  EXPECT_THAT(Fit("x", "3", "8").err, HasSubstr("no prompts"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "x"));
}

}  // namespace
}  // namespace pellucid::cli
