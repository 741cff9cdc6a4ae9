#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testutil::CliOutcome;
using testutil::ReadFileText;
using testutil::RunCli;
using testutil::TempDir;

class AttnCommandTest : public ::testing::Test {
 protected:
  CliOutcome Attn(std::vector<std::string> args) {
    args.insert(args.begin(), {"attn", "-m", model_});
    return RunCli(std::move(args));
  }
  std::string Fails(std::vector<std::string> args, int exit_code = 2) {
    const CliOutcome run = Attn(std::move(args));
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("pellucid: error: "));
    return run.err;
  }

  TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
};

TEST_F(AttnCommandTest, ShowsTheHeadsAskedFor) {
  const CliOutcome run = Attn({"c ab", "--layers", "1", "--heads", "0"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("Layer 1, head 0: attention weight"));
  EXPECT_THAT(run.out, HasSubstr("query"));
  EXPECT_THAT(run.out, HasSubstr("1.00"));
}

TEST_F(AttnCommandTest, WritesEveryForm) {
  const std::string json = dir_ / "a.json", csv = dir_ / "a.csv",
                    plot = dir_ / "a.svg";
  const CliOutcome run =
      Attn({"c ab", "--json", json, "--csv", csv, "--plot", plot});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(ReadFileText(json), HasSubstr("\"pellucid.attn/1\""));
  EXPECT_THAT(ReadFileText(json), HasSubstr("\"text\": \"c ab\""));
  // Two blocks of two heads, three keys that two queries see.
  EXPECT_THAT(ReadFileText(csv), StartsWith("layer,head,query,key,weight\n"
                                            "0,0,0,0,1\n"));
  EXPECT_EQ(std::ranges::count(ReadFileText(csv), '\n'), 13);
  EXPECT_THAT(ReadFileText(plot), HasSubstr("<svg"));
}

TEST_F(AttnCommandTest, ScoresNeedNoPrompt) {
  const CliOutcome run = Attn({"--scores", "--random-tokens", "6", "--top", "3",
                               "--kind", "first-token", "--seed", "7"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("rank  previous token"));
  EXPECT_THAT(run.out, HasSubstr("Score of every head: first token"));
  EXPECT_THAT(run.out, HasSubstr("6 random tokens x 2, 1 sequence, seed 7"));
}

TEST_F(AttnCommandTest, ScoresAsJsonFollowSeedAndBos) {
  const CliOutcome run =
      Attn({"--scores", "--random-tokens", "4", "--repeats", "3", "--sequences",
            "2", "--bos", "always", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"sample\": {\"n_random_tokens\": 4, "
                                 "\"n_repeats\": 3, \"n_sequences\": 2, "
                                 "\"seed\": 42, \"bos\": true}"));
  EXPECT_THAT(run.out, HasSubstr("\"ranked\""));
  EXPECT_EQ(run.out,
            Attn({"--scores", "--random-tokens", "4", "--repeats", "3",
                  "--sequences", "2", "--bos", "always", "--json", "-"})
                .out);
}

TEST_F(AttnCommandTest, OptionsOfTheOtherUseAreRefused) {
  EXPECT_THAT(Fails({"c ab", "--scores"}), HasSubstr("draws its own tokens"));
  EXPECT_THAT(Fails({"--scores", "--heads", "0"}),
              HasSubstr("attn: --heads: changes nothing with --scores"));
  EXPECT_THAT(Fails({"c ab", "--seed", "1"}),
              HasSubstr("attn: --seed: changes nothing without --scores"));
  EXPECT_THAT(Fails({"--scores", "--seed", "x"}),
              HasSubstr("no whole number from 0"));
  EXPECT_THAT(Fails({"--scores"}),
              HasSubstr("50 x 2 are more than the 16 tokens"));
  EXPECT_THAT(Fails({"c ab", "--heads", "2"}), HasSubstr("attn: --heads"));
  EXPECT_THAT(Fails({}), HasSubstr("attn: "));
}

TEST_F(AttnCommandTest, HelpNamesTheOptions) {
  const CliOutcome run = Attn({"--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("--layer, --layers LAYERS"));
  EXPECT_THAT(run.out, HasSubstr("--random-tokens N"));
}

}  // namespace
}  // namespace pellucid::cli
