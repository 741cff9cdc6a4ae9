#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pellucid/model.h"
#include "pellucid/steer.h"
#include "testutil/run_cli.h"
#include "testutil/text_model.h"
#include "testutil/tiny_hf.h"

namespace pellucid::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testutil::CliOutcome;
using testutil::RunCli;
using testutil::TempDir;
using Strings = std::vector<std::string>;

class SteerCommandTest : public ::testing::Test {
 protected:
  CliOutcome Run(Strings args, std::string input = "") {
    args.insert(args.begin(), {"steer", "make", "-m", model_path_});
    return RunCli(std::move(args), std::move(input));
  }
  std::string Fails(int exit_code, Strings args) {
    const CliOutcome run = Run(std::move(args));
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("pellucid: error: "));
    return run.err;
  }
  std::vector<SteeringVector> Read(const std::string& name) {
    return ReadSteering(dir_ / name, model_).value();
  }
  static ContrastPair Pair(const std::vector<TokenId>& plus,
                           const std::vector<TokenId>& minus) {
    return {plus, minus};
  }

  TempDir dir_;
  std::string model_path_ = testutil::WriteTextModel(dir_);
  Model model_ = Model::Open(model_path_).value();
};

TEST_F(SteerCommandTest, MakesTheDifferenceOfTwoTexts) {
  const CliOutcome run = Run({"--plus", "c ab", "--minus", "d", "--layer", "1",
                              "--out", dir_ / "v.safetensors"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("model.layers.1  length "));
  const ContrastPair pair = Pair({4, 13}, {5});
  const auto expected =
      MakeSteering(model_, {&pair, 1}, {.layers = Selection::Of({1})}).value();
  const auto read = Read("v.safetensors");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].values, expected[0].values);
}

TEST_F(SteerCommandTest, ReadsPairsAndWritesControlVectors) {
  testutil::WriteFileText(dir_ / "p.jsonl",
                          "{\"plus\": \"c ab\", \"minus\": \"d\"}\n"
                          "{\"minus\": \"a\", \"plus\": \"e\"}\n");
  const std::vector<ContrastPair> pairs = {Pair({4, 13}, {5}), Pair({6}, {2})};
  for (const bool pca : {false, true}) {
    const CliOutcome run =
        Run({"--pairs", dir_ / "p.jsonl", "--method", pca ? "pca" : "mean",
             "--layer", "1", "--position", "-1", "--out", dir_ / "v.gguf"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const auto expected = MakeSteering(model_, pairs,
                                       {.layers = Selection::Of({1}),
                                        .method = pca ? SteeringMethod::kPca
                                                      : SteeringMethod::kMean})
                              .value();
    EXPECT_EQ(Read("v.gguf")[0].values, expected[0].values);
  }
  // Several blocks at once, pairs from standard input.
  const CliOutcome run =
      Run({"--pairs", "-", "--layer", "0:2", "--out", dir_ / "two.safetensors"},
          "{\"plus\": \"c ab\", \"minus\": \"d\"}\n");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(Read("two.safetensors").size(), 2u);
}

TEST_F(SteerCommandTest, SaysWhatIsWrong) {
  const std::string out = dir_ / "v.safetensors";
  const Strings texts = {"--plus", "a", "--minus", "b"};
  const auto with = [&](Strings more) {
    more.insert(more.begin(), texts.begin(), texts.end());
    return more;
  };
  EXPECT_THAT(Fails(2, {"--plus", "a", "--layer", "1", "--out", out}),
              HasSubstr("pairs: --plus and --minus go together"));
  EXPECT_THAT(Fails(2, with({"--pairs", "f", "--layer", "1", "--out", out})),
              HasSubstr("go together"));
  EXPECT_THAT(Fails(2, with({"--out", out})), HasSubstr("--layer: is missing"));
  EXPECT_THAT(Fails(2, with({"--layer", "1"})), HasSubstr("--out: is missing"));
  EXPECT_THAT(Fails(2, with({"--layer", "1", "--out", "v.npz"})),
              HasSubstr("--out: \"v.npz\" ends in neither"));
  EXPECT_THAT(Fails(2, with({"--layer", "x", "--out", out})),
              HasSubstr("steer: --layer"));
  EXPECT_THAT(Fails(2, with({"--layer", "7", "--out", out})), HasSubstr("7"));
  EXPECT_THAT(Fails(2, with({"--layer", "1", "--position", "5", "--out", out})),
              HasSubstr("5"));
  EXPECT_THAT(Fails(2, with({"--layer", "0", "--out", dir_ / "v.gguf"})),
              HasSubstr("llama.cpp adds no control vector"));
  EXPECT_THAT(
      Fails(3, {"--pairs", dir_ / "none", "--layer", "1", "--out", out}),
      HasSubstr("none"));
  const CliOutcome bad = Run({"--pairs", "-", "--layer", "1", "--out", out},
                             "{\"plus\": \"a\", \"minus\": \"b\"}\n[]\n");
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("standard input line 2: no pair of texts"));
  EXPECT_THAT(Run({"--pairs", "-", "--layer", "1", "--out", out}, "").err,
              HasSubstr("holds no pair"));
  EXPECT_THAT(dir_.List(), ElementsAre("text.gguf"));
}

TEST(SteerCommandNameTest, MakeIsTheOnlyOne) {
  EXPECT_THAT(RunCli({"steer", "--help"}).out,
              HasSubstr("Usage: pellucid steer make"));
  EXPECT_THAT(RunCli({"steer", "make", "--help"}).out, HasSubstr("--plus"));
  const CliOutcome other = RunCli({"steer", "bend"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("steer: bend: there is make alone"));
  EXPECT_EQ(RunCli({"steer"}).exit_code, 2);
}

}  // namespace
}  // namespace pellucid::cli
