#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
using ::testing::StartsWith;
using testutil::CliOutcome;
using Strings = std::vector<std::string>;

class DepthCommandTest : public ::testing::Test {
 protected:
  DepthCommandTest() {
    testutil::WriteFileText(dir_ / "text.jsonl",
                            "\"cab a bad 012\"\n\"ab ab dea hgf\"\n");
  }
  CliOutcome Run(Strings args) {
    args.insert(args.begin(), "depth");
    args.insert(args.end(), {"-m", model_});
    return testutil::RunCli(std::move(args), "");
  }
  CliOutcome OnText(Strings args) {
    args.insert(args.end(), {"--text", dir_ / "text.jsonl", "--window", "8"});
    return Run(std::move(args));
  }

  testutil::TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
};

TEST_F(DepthCommandTest, PrintsSharesByLayerAndMeansByGroup) {
  const CliOutcome run = OnText({});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out,
              AllOf(HasSubstr("logit lens"), HasSubstr("class "),
                    HasSubstr("position "), HasSubstr("100.0%   100.0%\n"),
                    HasSubstr("the token that the model predicts")));
  EXPECT_THAT(OnText({"--token", "next"}).out, HasSubstr("the text's next"));
}

TEST_F(DepthCommandTest, WritesEveryToken) {
  const CliOutcome json = OnText({"--json", "-"});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  EXPECT_THAT(
      json.out,
      AllOf(HasSubstr("\"schema\": \"pellucid.depth/1\""),
            HasSubstr("\"token\": \"predicted\""), HasSubstr("\"by_class\": ["),
            HasSubstr("\"by_position\": ["),
            HasSubstr("{\"window\": 0, \"position\": 1, \"id\": ")));
  const CliOutcome csv = OnText({"--csv", "-", "--skip-first", "2"});
  EXPECT_THAT(csv.out,
              AllOf(StartsWith("lens,window,position,id,text,class,first_hit,"
                               "stable_from\nlogit,0,2,"),
                    Not(HasSubstr("\nlogit,0,1,"))));
}

TEST_F(DepthCommandTest, SetsAnotherLensBesideTheLogitLens) {
  ASSERT_EQ(testutil::RunCli({"tune", "--text", dir_ / "text.jsonl", "--out",
                              dir_ / "lens", "--window", "8", "--steps", "0",
                              "--ridge", "0.01", "-m", model_},
                             "")
                .exit_code,
            0);
  const std::string lens = "tuned:" + (dir_ / "lens");
  EXPECT_THAT(OnText({"--lens", lens}).out,
              AllOf(HasSubstr("logit lens"), HasSubstr("tuned lens")));
  EXPECT_THAT(OnText({"--lens", lens, "--csv", "-"}).out,
              HasSubstr("\ntuned,0,1,"));
  const CliOutcome plot = OnText({"--lens", lens, "--plot", dir_ / "d.svg"});
  ASSERT_EQ(plot.exit_code, 0) << plot.err;
  EXPECT_THAT(testutil::ReadFileText(dir_ / "d.svg"), HasSubstr("<svg"));
}

TEST_F(DepthCommandTest, SaysWhatIsWrong) {
  EXPECT_EQ(Run({}).exit_code, 2);
  EXPECT_THAT(Run({}).err, HasSubstr("--text"));
  EXPECT_THAT(OnText({"--token", "x"}).err, HasSubstr("--token"));
  EXPECT_THAT(OnText({"--lens", "x"}).err, HasSubstr("--lens"));
  EXPECT_THAT(OnText({"--skip-first", "99"}).err, HasSubstr("no position"));
  EXPECT_EQ(OnText({"--colormap", "viridis"}).exit_code, 2);
}

}  // namespace
}  // namespace pellucid::cli
