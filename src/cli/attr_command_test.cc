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

TEST_F(AttrCommandTest, EstimatesAPatchAndSaysHowItAgrees) {
  const CliOutcome run = Attr({"c ab", "--corrupt", "d ab", "--answer", " a",
                               "--foil", "id=4", "--method", "atp", "--sites",
                               "z", "--grid", "layer,head", "--compare"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("Attribution patching, logit difference: z "
                                  "patched from the clean into the corrupt"));
  EXPECT_THAT(run.out, HasSubstr("rank correlation with patching itself: "));
  EXPECT_THAT(run.out, HasSubstr("first-order estimates"));
}

TEST_F(AttrCommandTest, EstimatesAsJsonCsvAndFigures) {
  const std::string json = dir_ / "a.json", csv = dir_ / "a.csv";
  const std::string plot = dir_ / "a.svg", scatter = dir_ / "s.svg";
  const CliOutcome run =
      Attr({"--ids", "4,13", "--corrupt-ids", "5,13", "--answer", "id=3",
            "--metric", "logprob", "--method", "atp", "--compare", "--json",
            json, "--csv", csv, "--plot", plot, "--scatter", scatter});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::string text = ReadFileText(json);
  EXPECT_THAT(text, HasSubstr("\"schema\": \"pellucid.attr/1\""));
  EXPECT_THAT(text, HasSubstr("\"method\": \"atp\""));
  EXPECT_THAT(text, HasSubstr("\"rank_correlation\": "));
  EXPECT_THAT(ReadFileText(csv),
              StartsWith("site,row,column,token_id,token,value,recovery,"
                         "patched\nresid_post,0,0,5,d,"));
  EXPECT_THAT(ReadFileText(plot), HasSubstr("<svg"));
  EXPECT_THAT(ReadFileText(scatter), HasSubstr("<svg"));
}

TEST_F(AttrCommandTest, TakesEmbeddingsApartByGradients) {
  const CliOutcome integrated = Attr({"c ab", "--answer", " a", "--method",
                                      "ig", "--steps", "8", "--json", "-"});
  ASSERT_EQ(integrated.exit_code, 0) << integrated.err;
  EXPECT_THAT(integrated.out, HasSubstr("\"method\": \"ig\""));
  EXPECT_THAT(integrated.out, HasSubstr("\"metric\": \"logprob\""));
  EXPECT_THAT(integrated.out, HasSubstr("\"steps\": 8"));
  EXPECT_THAT(integrated.out, HasSubstr("\"baseline_kind\": \"mean\""));
  const CliOutcome times =
      Attr({"c ab", "--answer", " a", "--foil", "id=4", "--method", "grad",
            "--sites", "mlp_out", "--corrupt", "d ab", "--csv", "-"});
  ASSERT_EQ(times.exit_code, 0) << times.err;
  EXPECT_THAT(times.out, StartsWith("site,row,column,token_id,token,value\n"
                                    "mlp_out,0,0,4,c,"));
  const CliOutcome table = Attr({"c ab", "--answer", " a", "--method", "ig"});
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, StartsWith("Integrated gradients of embed for "));
  EXPECT_THAT(table.out, HasSubstr("most with 32 steps"));
}

TEST_F(AttrCommandTest, RefusesFlagsOfOtherMethods) {
  EXPECT_THAT(Fails({"c", "--answer", "a", "--steps", "3"}),
              HasSubstr("--steps: is for --method grad, ig or atp"));
  EXPECT_THAT(Fails({"c", "--answer", "a", "--method", "grad", "--steps", "3"}),
              HasSubstr("--steps: is for --method ig"));
  EXPECT_THAT(Fails({"c", "--answer", "a", "--method", "grad", "--compare"}),
              HasSubstr("--compare: is for --method atp"));
  EXPECT_THAT(Fails({"c", "--answer", "a", "--method", "atp"}),
              HasSubstr("--corrupt: is missing"));
  EXPECT_THAT(Fails({"c", "--answer", "a", "--method", "ig", "--by", "head"}),
              HasSubstr("--by: is for --method direct"));
  EXPECT_THAT(Fails({"c", "--method", "grad"}), HasSubstr("needs an answer"));
  EXPECT_THAT(Fails({"c", "--corrupt", "d", "--answer", "a", "--method", "atp",
                     "--scatter", "s.svg"}),
              HasSubstr("add --compare"));
}

}  // namespace
}  // namespace pellucid::cli
