#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pellucid/model.h"
#include "pellucid/trained_lens.h"
#include "testutil/run_cli.h"
#include "testutil/text_model.h"
#include "testutil/tiny_hf.h"

namespace pellucid::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testutil::CliOutcome;
using testutil::RunCli;
using testutil::TempDir;
using Strings = std::vector<std::string>;

class TuneCommandTest : public ::testing::Test {
 protected:
  TuneCommandTest() {
    std::string text;
    for (int i = 0; i < 40; ++i) text += "abc ab dea hgf bad cab 012 3";
    testutil::WriteFileText(dir_ / "text.txt", text);
    testutil::WriteFileText(dir_ / "held.jsonl",
                            "\"cab a bad\"\n{\"text\": \"ab ab dea\"}\n");
  }
  CliOutcome Run(Strings args, std::string input = "") {
    args.insert(args.end(), {"-m", model_path_});
    return RunCli(std::move(args), std::move(input));
  }
  std::string Fails(int exit_code, Strings args) {
    const CliOutcome run = Run(std::move(args));
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("pellucid: error: "));
    return run.err;
  }
  Strings FitArgs(const std::string& out) const {
    return {"tune",    "--text",   dir_ / "text.txt",
            "--out",   dir_ / out, "--window",
            "8",       "--steps",  "2",
            "--cells", "8",        "--ridge",
            "0.01"};
  }

  TempDir dir_;
  std::string model_path_ = testutil::WriteTextModel(dir_);
};

TEST_F(TuneCommandTest, WhatItFitsDecodesRows) {
  const CliOutcome fit = Run(FitArgs("lens"));
  ASSERT_EQ(fit.exit_code, 0) << fit.err;
  EXPECT_THAT(fit.out, AllOf(HasSubstr("lens.safetensors"), HasSubstr("2 maps"),
                             HasSubstr("of the cells of steps 1 to 1 and 2 "
                                       "to 2"),
                             HasSubstr("  embed\n")));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "lens/checkpoint.safetensors"));
  const CliOutcome lens = Run(
      {"lens", "--lens", "tuned:" + (dir_ / "lens"), "ab cab", "--json", "-"});
  ASSERT_EQ(lens.exit_code, 0) << lens.err;
  EXPECT_THAT(lens.out, HasSubstr("\"lens\": {\"kind\": \"tuned\", \"ref\": "));
  const CliOutcome table =
      Run({"lens", "--lens", "tuned:" + (dir_ / "lens"), "ab cab"});
  EXPECT_THAT(table.out, HasSubstr("tuned lens; cells"));
  const CliOutcome plain = Run({"lens", "--lens", "logit", "ab cab"});
  EXPECT_EQ(plain.out, Run({"lens", "ab cab"}).out);
  EXPECT_THAT(plain.out, HasSubstr("logit lens; cells"));
}

TEST_F(TuneCommandTest, ChecksAndResumesAreFlags) {
  Strings args = FitArgs("checked");
  args.insert(args.end(), {"--patience", "1", "--check-every", "1"});
  args.insert(args.end(), {"--json", "-"});
  const CliOutcome fit = Run(args);
  ASSERT_EQ(fit.exit_code, 0) << fit.err;
  EXPECT_THAT(fit.out, AllOf(HasSubstr("\"fit.patience\": 1"),
                             HasSubstr("{\"step\": 0, \"losses\": [")));
  // Another fit's checkpoint.
  std::filesystem::copy(dir_ / "checked/lens.safetensors",
                        dir_ / "checked/checkpoint.safetensors");
  args.push_back("--resume");
  EXPECT_THAT(Run(args).err, HasSubstr("is no checkpoint"));
  std::filesystem::remove(dir_ / "checked/checkpoint.safetensors");
  EXPECT_EQ(Run(args).exit_code, 0);
}

TEST_F(TuneCommandTest, TwoLensesStandSideBySide) {
  ASSERT_EQ(Run(FitArgs("lens")).exit_code, 0);
  const std::string tuned = "tuned:" + (dir_ / "lens");
  const Strings both = {"lens", "ab cab", "--compare", tuned};
  const CliOutcome table = Run(both);
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out,
              AllOf(HasSubstr("logit"), HasSubstr(tuned), HasSubstr("embed"),
                    HasSubstr("the model predicts"), HasSubstr("logit: \"")));
  EXPECT_THAT(table.out, Not(HasSubstr("position 0")));
  Strings two = both;
  two.insert(two.end(), {"--positions", "0,1", "--target", "ab"});
  EXPECT_THAT(Run(two).out,
              AllOf(HasSubstr("position 0"), HasSubstr("position 1"),
                    HasSubstr("rank and prob of \"ab\"")));
  Strings json = both;
  json.insert(json.end(), {"--json", "-"});
  const std::string written = Run(json).out;
  EXPECT_THAT(written, HasSubstr("\"compare\": {"));
  // Under "compare" stands what the lens says alone.
  const std::string alone =
      Run({"lens", "ab cab", "--lens", tuned, "--json", "-"}).out;
  const std::size_t begin = alone.find("\"rows\":");
  const std::string rows =
      alone.substr(begin, alone.find("\"summary\":") - begin);
  EXPECT_NE(rows, "");
  const auto squeezed = [](std::string text) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    return text;
  };
  EXPECT_THAT(squeezed(written), HasSubstr(squeezed(rows)));
  Strings page = both;
  page.insert(page.end(), {"--html", dir_ / "page.html"});
  ASSERT_EQ(Run(page).exit_code, 0);
  EXPECT_THAT(
      testutil::ReadFileText(dir_ / "page.html"),
      AllOf(HasSubstr("\"label\":\"logit\""), HasSubstr("\"label\":\"tuned:")));
  Strings csv = both;
  csv.insert(csv.end(), {"--csv", "-"});
  EXPECT_THAT(Run(csv).err, HasSubstr("--compare"));
  EXPECT_THAT(Run({"lens", "ab", "--compare", "x"}).err,
              AllOf(HasSubstr("--compare"), HasSubstr("x is no lens")));
}

TEST_F(TuneCommandTest, WhatIsGeneratedIsReadThroughALens) {
  ASSERT_EQ(Run(FitArgs("lens")).exit_code, 0);
  const std::string tuned = "tuned:" + (dir_ / "lens");
  const Strings args = {"generate", "ab", "--max-tokens", "2",
                        "--lens",   "-",  "--lens-kind",  tuned};
  const CliOutcome made = Run(args);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("\"lens\": {\"kind\": \"tuned\""));
  EXPECT_THAT(Run({"generate", "ab", "--lens-kind", tuned}).err,
              HasSubstr("is of --lens"));
}

TEST_F(TuneCommandTest, TheRecipeIsAMethod) {
  Strings args = FitArgs("recipe");
  args.insert(args.end(), {"--method", "recipe", "--tokens-per-step", "64"});
  const CliOutcome fit = Run(args);
  ASSERT_EQ(fit.exit_code, 0) << fit.err;
  args.insert(args.end(), {"--json", "-"});
  EXPECT_THAT(Run(args).out,
              AllOf(HasSubstr("\"pellucid.tune/1\""),
                    HasSubstr("\"fit.steps\": 2"), HasSubstr("\"losses\"")));
  const Model model = Model::Open(model_path_).value();
  const auto lens =
      ReadTrainedLens(LensKind::kTuned, dir_ / "recipe", model).value();
  EXPECT_THAT(lens->record,
              ::testing::Contains(
                  std::pair<std::string, std::string>("fit.method", "recipe")));
}

TEST_F(TuneCommandTest, EvalSetsTheLensBesideTheLogitLens) {
  ASSERT_EQ(Run(FitArgs("lens")).exit_code, 0);
  const Strings eval = {"tune",     "eval",
                        "--text",   dir_ / "held.jsonl",
                        "--lens",   "tuned:" + (dir_ / "lens"),
                        "--window", "8"};
  const CliOutcome table = Run(eval);
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("logit lens"), HasSubstr("tuned lens"),
                               HasSubstr("embed"), HasSubstr("nats")));
  Strings json = eval;
  json.insert(json.end(), {"--json", "-"});
  const CliOutcome written = Run(json);
  ASSERT_EQ(written.exit_code, 0) << written.err;
  EXPECT_THAT(written.out, AllOf(HasSubstr("\"pellucid.lens_evaluation/1\""),
                                 HasSubstr("\"kind\": \"tuned\""),
                                 HasSubstr("\"ce_bits_per_byte\": "),
                                 HasSubstr("\"bytes\": 18")));
  Strings csv = eval;
  csv.insert(csv.end(), {"--csv", "-"});
  EXPECT_THAT(Run(csv).out,
              AllOf(StartsWith("lens,site,layer,ce,"), HasSubstr("\nlogit,"),
                    HasSubstr("\ntuned,embed,-1,")));
  Strings plot = eval;
  plot.insert(plot.end(), {"--plot", dir_ / "eval.svg"});
  ASSERT_EQ(Run(plot).exit_code, 0);
  EXPECT_THAT(testutil::ReadFileText(dir_ / "eval.svg"), HasSubstr("<svg"));
  const CliOutcome alone =
      Run({"tune", "eval", "--text", dir_ / "held.jsonl", "--window", "8"});
  EXPECT_THAT(alone.out, Not(HasSubstr("tuned")));
}

TEST_F(TuneCommandTest, ExportsAreLensesAgain) {
  ASSERT_EQ(Run(FitArgs("lens")).exit_code, 0);
  const std::string lens = "tuned:" + (dir_ / "lens");
  ASSERT_EQ(
      Run({"tune", "export", "--lens", lens, "--out", dir_ / "t"}).exit_code,
      0);
  ASSERT_EQ(Run({"tune", "export", "--lens", lens, "--format", "mlxterp",
                 "--out", dir_ / "m.npz"})
                .exit_code,
            0);
  const Strings from = {"lens",  "--layers", "0,1",   "ab",
                        "--csv", "-",        "--lens"};
  const auto csv = [&](const std::string& ref) {
    Strings args = from;
    args.push_back("tuned:" + (dir_ / ref));
    return Run(args).out;
  };
  EXPECT_EQ(csv("t"), csv("lens"));
  EXPECT_NE(csv("m.npz"), "");
}

TEST_F(TuneCommandTest, SaysWhatIsWrong) {
  EXPECT_THAT(Fails(2, {"tune", "--out", dir_ / "x"}), HasSubstr("--text"));
  EXPECT_THAT(Fails(2, {"tune", "--text", dir_ / "text.txt"}),
              HasSubstr("--out"));
  EXPECT_THAT(Fails(3, {"tune", "--text", dir_ / "none", "--out", dir_ / "x"}),
              HasSubstr("none"));
  EXPECT_THAT(Fails(2, {"tune", "--text", dir_ / "text.txt", "--out",
                        dir_ / "x", "--window", "9999"}),
              HasSubstr("context"));
  testutil::WriteFileText(dir_ / "bad.jsonl", "\"ok\"\n{\"ids\": [1]}\n");
  EXPECT_THAT(Fails(2, {"tune", "eval", "--text", dir_ / "bad.jsonl"}),
              HasSubstr("line 2"));
  EXPECT_THAT(Fails(2, {"tune", "eval", "--text", dir_ / "text.txt", "--lens",
                        "tune:x"}),
              HasSubstr("tuned:FILE"));
  EXPECT_THAT(Fails(2, {"tune", "export", "--lens", "logit", "--out", "x"}),
              HasSubstr("no tuned lens"));
  EXPECT_THAT(Fails(2, {"lens", "--lens", "tuned:", "ab"}),
              HasSubstr("--lens"));
  EXPECT_THAT(Fails(3, {"lens", "--lens", "tuned:" + (dir_ / "none"), "ab"}),
              HasSubstr("none"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "x/lens.safetensors"));
}

}  // namespace
}  // namespace pellucid::cli
