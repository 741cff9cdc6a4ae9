#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "formats/safetensors.h"
#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testutil::CliOutcome;
using testutil::ReadFileText;
using testutil::RunCli;
using testutil::TempDir;

class CausalTraceCommandTest : public ::testing::Test {
 protected:
  CliOutcome Trace(std::vector<std::string> args) {
    args.insert(args.begin(), {"causal-trace", "-m", model_});
    return RunCli(std::move(args));
  }
  CliOutcome TraceIds(std::vector<std::string> more) {
    std::vector<std::string> args = {"--ids", "1,2,3,4",     "--samples",
                                     "2",     "--noise-std", "0.5"};
    args.insert(args.end(), more.begin(), more.end());
    return Trace(std::move(args));
  }
  std::string Fails(int exit_code, const CliOutcome& run) {
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("pellucid: error: "));
    EXPECT_EQ(std::ranges::count(run.err, '\n'), 1);
    return run.err;
  }

  TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
};

TEST_F(CausalTraceCommandTest, TheTableHasTokensDownAndLayersAcross) {
  const CliOutcome run = TraceIds({"--subject-positions", "1:3"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("with residual states restored"));
  EXPECT_THAT(run.out, HasSubstr("95% bootstrap interval over 2 samples"));
}

TEST_F(CausalTraceCommandTest, JsonHoldsMeansAndIntervals) {
  const CliOutcome run =
      TraceIds({"--subject-positions", "1:3", "--kind", "mlp", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const char* part :
       {"\"schema\": \"pellucid.causal_trace/1\"", "\"subject\": [1, 2]",
        "\"kind\": \"mlp\"", "\"window\": 10", "\"samples\": 2",
        "\"rows\": [0, 1]", "\"columns\": [0, 1, 2, 3]", "\"values_low\": [",
        "\"values_high\": ["}) {
    EXPECT_THAT(run.out, HasSubstr(part));
  }
}

TEST_F(CausalTraceCommandTest, ASubjectIsFoundByItsText) {
  const CliOutcome run = Trace({"c ab", "--subject", "c", "--samples", "1",
                                "--noise-std", "0.5", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"subject\": [0]"));
  EXPECT_THAT(Fails(2, Trace({"c ab", "--subject", "zebra"})),
              HasSubstr("does not occur in the prompt"));
}

TEST_F(CausalTraceCommandTest, NoiseIsWrittenAndReadAgain) {
  const std::string noise = dir_ / "noise.safetensors";
  const CliOutcome wrote = TraceIds(
      {"--subject-positions", "1:3", "--noise-out", noise, "--csv", "-"});
  ASSERT_EQ(wrote.exit_code, 0) << wrote.err;
  const auto file = SafetensorsFile::Open(noise).value();
  ASSERT_NE(file.Find("noise"), nullptr);
  EXPECT_EQ(file.Find("noise")->shape, (std::vector<std::size_t>{2, 2, 8}));
  const CliOutcome read = Trace({"--ids", "1,2,3,4", "--subject-positions",
                                 "1:3", "--noise-in", noise, "--csv", "-"});
  ASSERT_EQ(read.exit_code, 0) << read.err;
  EXPECT_EQ(read.out, wrote.out);
  EXPECT_THAT(Fails(2, Trace({"--ids", "1,2,3,4", "--subject-positions", "1",
                              "--noise-in", noise})),
              HasSubstr("must be [samples, 1, 8]"));
}

TEST_F(CausalTraceCommandTest, TheFigureIsWritten) {
  const CliOutcome run =
      TraceIds({"--subject-positions", "1", "--plot", dir_ / "t.svg"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(ReadFileText(dir_ / "t.svg"), HasSubstr("<svg"));
}

TEST_F(CausalTraceCommandTest, MistakesAreNamed) {
  EXPECT_THAT(Fails(2, TraceIds({})), HasSubstr("--subject: is missing"));
  EXPECT_THAT(Fails(2, TraceIds({"--subject-positions", "9"})), HasSubstr("9"));
  EXPECT_THAT(Fails(2, Trace({"--ids", "1,2", "--subject-positions", "1",
                              "--noise-std", "-1"})),
              HasSubstr("is no number above 0"));
  EXPECT_THAT(Fails(2, TraceIds({"--subject-positions", "1", "--noise-in",
                                 "x.safetensors"})),
              HasSubstr("leave one out"));
  EXPECT_THAT(Fails(3, Trace({"--ids", "1,2", "--subject-positions", "1",
                              "--noise-in", dir_ / "no.safetensors"})),
              HasSubstr("no.safetensors"));
}

}  // namespace
}  // namespace pellucid::cli
