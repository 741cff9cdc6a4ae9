#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

class AttrCommandTest : public ::testing::Test {
 protected:
  CliOutcome Attr(std::vector<std::string> args) {
    args.insert(args.begin(), {"attr", "-m", model_});
    return RunCli(std::move(args));
  }
  std::string Fails(std::vector<std::string> args) {
    const CliOutcome run = Attr(std::move(args));
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("pellucid: error: "));
    return run.err;
  }

  TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
};

TEST_F(AttrCommandTest, PrintsTheMatrixTheTermsAndTheSum) {
  const CliOutcome run = Attr({"c ab", "--answer", " a", "--foil", "id=4"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("Logit of \" a\" less that of \"c\" by "
                                  "block\n"));
  EXPECT_THAT(run.out, HasSubstr("The 5 greatest terms, in logits:\n"));
  EXPECT_THAT(run.out, HasSubstr("5 terms sum to "));
  EXPECT_THAT(run.out, HasSubstr("position 1, after \" ab\""));
}

TEST_F(AttrCommandTest, EveryPartingGivesTheSameValue) {
  std::string value;
  for (const std::string by : {"block", "head", "neuron"}) {
    const CliOutcome run = Attr({"c ab", "--answer", "id=3", "--by", by,
                                 "--method", "direct", "--json", "-"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("\"by\": \"" + by + "\""));
    const std::size_t at = run.out.find("\n \"value\": ");
    ASSERT_NE(at, std::string::npos);
    const std::string line =
        run.out.substr(at, run.out.find('\n', at + 1) - at);
    if (value.empty()) value = line;
    EXPECT_EQ(line, value);
  }
}

TEST_F(AttrCommandTest, WritesEveryForm) {
  const std::string csv = dir_ / "a.csv", plot = dir_ / "a.pdf";
  const CliOutcome run =
      Attr({"c ab", "--answer", "id=3", "--by", "neuron", "--layers", "-1",
            "--top", "4", "--position", "0", "--csv", csv, "--plot", plot});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(
      ReadFileText(csv),
      StartsWith("component,layer,head,expert,neuron,value\nembed,-1,"));
  EXPECT_THAT(ReadFileText(csv), HasSubstr("\nmlp,0,,,,"));
  EXPECT_THAT(ReadFileText(csv), HasSubstr("\nother_neurons,1,,,,"));
  EXPECT_THAT(ReadFileText(plot), StartsWith("%PDF"));
}

TEST_F(AttrCommandTest, WhatCannotBeIsRefused) {
  EXPECT_THAT(Fails({"c ab"}), HasSubstr("attr: --answer: is missing"));
  EXPECT_THAT(Fails({"c ab", "--answer", "ch"}),
              HasSubstr("attr: --answer: \"ch\" makes 2 tokens"));
  EXPECT_THAT(Fails({"c ab", "--answer", "id=99"}),
              HasSubstr("answer id 99: is not within"));
  EXPECT_THAT(Fails({"c ab", "--answer", "c", "--foil", "id=4"}),
              HasSubstr("is the answer itself"));
  EXPECT_THAT(Fails({"c ab", "--answer", "c", "--layers", "0"}),
              HasSubstr("attr: --layers: changes nothing with --by block"));
  EXPECT_THAT(Fails({"c ab", "--answer", "c", "--position", "5"}),
              HasSubstr("attr: --position"));
  EXPECT_THAT(Fails({"c ab", "--answer", "c", "--method", "gradient"}),
              HasSubstr("give direct"));
}

}  // namespace
}  // namespace pellucid::cli
