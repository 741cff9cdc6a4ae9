#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testutil::CliOutcome;
using testutil::ReadFileText;
using testutil::RunCli;
using testutil::TempDir;

// Pairs of prompts of the tiny text model, whose tokens are letters.
class PatchCommandTest : public ::testing::Test {
 protected:
  CliOutcome Patch(std::vector<std::string> args) {
    args.insert(args.begin(), {"patch", "-m", model_});
    return RunCli(std::move(args));
  }
  CliOutcome PatchPair(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--clean-ids", "1,2,3,4",  "--corrupt-ids",
                                     "1,5,3,6",     "--answer", "id=2",
                                     "--foil",      "id=7"};
    args.insert(args.end(), more.begin(), more.end());
    return Patch(std::move(args));
  }
  std::string Fails(int exit_code, const CliOutcome& run) {
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("pellucid: error: "));
    EXPECT_EQ(std::ranges::count(run.err, '\n'), 1);
    return run.err;
  }
  std::string WritePairs(const std::vector<std::string>& lines) {
    std::ofstream file(dir_ / "pairs.jsonl");
    for (const std::string& line : lines) file << line << '\n';
    return dir_ / "pairs.jsonl";
  }

  TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
};

constexpr const char* kFirstPair =
    R"({"clean_ids":[1,2,3],"corrupt_ids":[1,5,3],)"
    R"("answer":"id=2","foil":"id=7"})";
constexpr const char* kSecondPair =
    R"({"clean_ids":[4,2,6],"corrupt_ids":[4,2,7],)"
    R"("answer":"id=1","foil":"id=3"})";

TEST_F(PatchCommandTest, TheTableNamesLayersAndTokens) {
  const CliOutcome run = PatchPair();
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("logit difference: resid_post patched from "
                                 "the clean into the corrupt run"));
  EXPECT_THAT(run.out, HasSubstr("logit-diff: clean "));
  EXPECT_EQ(run.err, "");
}

TEST_F(PatchCommandTest, JsonHoldsTheGrid) {
  const CliOutcome run = PatchPair({"--json", "-", "--sites", "z"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const char* part :
       {"\"schema\": \"pellucid.patch/1\"", "\"metric\": \"logit-diff\"",
        "\"site\": \"z\"", "\"direction\": \"denoise\"", "\"window\": 1",
        "\"rows\": [0, 1]", "\"columns\": [0, 1, 2, 3]",
        "\"column_kind\": \"position\"", "\"values\": [", "\"recovery\": [",
        "\"share_of_full_runs\": "}) {
    EXPECT_THAT(run.out, HasSubstr(part));
  }
}

TEST_F(PatchCommandTest, EveryOutputIsWritten) {
  const CliOutcome run =
      PatchPair({"--json", dir_ / "g.json", "--csv", "-", "--plot",
                 dir_ / "g.svg", "--grid", "layer,head", "--sites", "z"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("site,row,column,token_id,token,value,"
                                  "recovery\nz,0,0,,,"));
  EXPECT_THAT(ReadFileText(dir_ / "g.svg"), HasSubstr("<svg"));
  EXPECT_THAT(ReadFileText(dir_ / "g.json"), HasSubstr("\"head\""));
}

TEST_F(PatchCommandTest, ManyPairsGiveMeansAndIntervals) {
  const std::string pairs = WritePairs({kFirstPair, kSecondPair});
  const CliOutcome run = Patch({"--pairs", pairs, "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"schema\": \"pellucid.patch_set/1\""));
  EXPECT_THAT(run.out, HasSubstr("\"pairs\": 2"));
  EXPECT_THAT(run.out, HasSubstr("\"values_low\": ["));
  EXPECT_THAT(run.out, HasSubstr("\"recovery_high\": ["));
}

// A run that stops in the middle of a line goes on as if it had not.
TEST_F(PatchCommandTest, ResumingGivesWhatAnUndisturbedRunGives) {
  const std::string pairs = WritePairs({kFirstPair, kSecondPair});
  const std::string lines = dir_ / "lines.jsonl";
  const CliOutcome whole =
      Patch({"--pairs", pairs, "--lines", lines, "--json", "-"});
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const std::string text = ReadFileText(lines);
  ASSERT_EQ(std::ranges::count(text, '\n'), 2);
  {
    std::ofstream cut(lines, std::ios::binary | std::ios::trunc);
    cut << text.substr(0, text.find('\n') + 40);
  }
  const CliOutcome resumed =
      Patch({"--pairs", pairs, "--lines", lines, "--resume", "--json", "-"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(resumed.out, whole.out);
  EXPECT_EQ(ReadFileText(lines), text);
  // Other options are other results.
  const CliOutcome other = Patch({"--pairs", pairs, "--lines", lines,
                                  "--resume", "--sites", "z", "--json", "-"});
  ASSERT_EQ(other.exit_code, 0) << other.err;
  const std::string grown = ReadFileText(lines);
  EXPECT_EQ(std::ranges::count(grown, '\n'), 4);
}

TEST_F(PatchCommandTest, AFileOfResultsIsNotOverwritten) {
  const std::string pairs = WritePairs({kFirstPair});
  const std::string lines = dir_ / "lines.jsonl";
  ASSERT_EQ(
      Patch({"--pairs", pairs, "--lines", lines, "--json", "-"}).exit_code, 0);
  EXPECT_THAT(
      Fails(2, Patch({"--pairs", pairs, "--lines", lines, "--json", "-"})),
      HasSubstr("add --resume"));
  std::ofstream(lines, std::ios::app) << "{\"no\": 1}\n";
  EXPECT_THAT(Fails(3, Patch({"--pairs", pairs, "--lines", lines, "--resume",
                              "--json", "-"})),
              HasSubstr("line 2: is no result"));
}

TEST_F(PatchCommandTest, MistakesAreNamed) {
  EXPECT_THAT(Fails(2, Patch({"--clean-ids", "1,2", "--answer", "id=1",
                              "--foil", "id=2"})),
              HasSubstr("--corrupt: is missing"));
  EXPECT_THAT(Fails(2, Patch({"--clean-ids", "1,2", "--corrupt-ids", "1,2,3",
                              "--answer", "id=1", "--foil", "id=2"})),
              HasSubstr("have different lengths"));
  EXPECT_THAT(Fails(2, PatchPair({"--sites", "resid"})),
              HasSubstr("choose one of resid_pre"));
  EXPECT_THAT(Fails(2, PatchPair({"--layers", "7"})), HasSubstr("7"));
  EXPECT_THAT(Fails(2, PatchPair({"--resume"})), HasSubstr("give --lines"));
  EXPECT_THAT(Fails(2, PatchPair({"--csv", "-", "--json", "-"})),
              HasSubstr("standard output"));
  EXPECT_THAT(Fails(2, PatchPair({"--plot-scale", "2"})),
              HasSubstr("without --plot"));
  EXPECT_THAT(Fails(2, PatchPair({"--pairs", "x.jsonl"})),
              HasSubstr("leave out --clean"));
  const std::string pairs = WritePairs({kFirstPair, "{\"clear\": 1}"});
  EXPECT_THAT(Fails(2, Patch({"--pairs", pairs, "--json", "-"})),
              HasSubstr("line 2: key \"clear\" is not known"));
}

TEST_F(PatchCommandTest, AnAnswerOfSeveralTokensNeedsAMode) {
  const std::vector<std::string> prompts = {
      "--clean-ids", "1,2,3",   "--corrupt-ids", "1,5,3",
      "--metric",    "logprob", "--json",        "-"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> args = prompts;
    args.insert(args.end(), more.begin(), more.end());
    return Patch(std::move(args));
  };
  EXPECT_THAT(Fails(2, with({"--answer", "c ab"})),
              HasSubstr("--answer-mode first or sequence"));
  EXPECT_EQ(with({"--answer", "c ab", "--answer-mode", "first"}).exit_code, 0);
  const CliOutcome all =
      with({"--answer", "c ab", "--answer-mode", "sequence"});
  EXPECT_EQ(all.exit_code, 0) << all.err;
}

}  // namespace
}  // namespace pellucid::cli
