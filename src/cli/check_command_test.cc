#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>

#include "testutil/run_cli.h"
#include "testutil/tiny_hf.h"

namespace pellucid::cli {
namespace {

using ::testing::HasSubstr;
using testutil::CliOutcome;
using testutil::RunCli;
using testutil::TempDir;

TEST(CheckCommandTest, AGoodModelPasses) {
  const TempDir dir;
  const std::string model = testutil::WriteTextModel(dir);
  const CliOutcome table = RunCli({"check", model});
  EXPECT_EQ(table.exit_code, 0) << table.err << table.out;
  EXPECT_NE(table.out.find("ok     last_row_is_logits"), std::string::npos);
  EXPECT_EQ(table.out.find("FAILED"), std::string::npos) << table.out;

  const CliOutcome run = RunCli({"check", "-m", model, "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(run.out);
  EXPECT_EQ(std::string_view(json["schema"]), "pellucid.check/1");
  EXPECT_TRUE(bool(json["ok"]));
  EXPECT_TRUE(json["in_force"].is_object());
  EXPECT_GE(json["checks"].get_array().size(), 9u);
  for (const simdjson::dom::element check : json["checks"].get_array()) {
    EXPECT_TRUE(bool(check["ok"]));
    EXPECT_TRUE(check["name"].is_string());
    EXPECT_TRUE(check["note"].is_string());
  }
}

// A vocabulary larger than the unembedding is what a check is for.
TEST(CheckCommandTest, ACheckThatDoesNotHoldIsExit1) {
  const TempDir dir;
  std::vector<std::string> tokens;
  for (int i = 0; i < 21; ++i)
    tokens.push_back(std::string(1, static_cast<char>('a' + i)));
  testutil::WriteFileBytes(dir / "m.gguf",
                           testutil::TinyLlama()
                               .Builder()
                               .String("tokenizer.ggml.model", "gpt2")
                               .String("tokenizer.ggml.pre", "smollm")
                               .Strings("tokenizer.ggml.tokens", tokens)
                               .Strings("tokenizer.ggml.merges", {})
                               .Build());
  const CliOutcome run = RunCli({"check", dir / "m.gguf"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_NE(run.out.find("FAILED token_ids_have_rows"), std::string::npos);
  EXPECT_EQ(run.err, "pellucid: error: check: " + (dir / "m.gguf") +
                         ": does not hold: token_ids_have_rows; its notes say "
                         "what is wrong: do not trust numbers of this model "
                         "before that is mended\n");
  EXPECT_NE(run.out.find("the first without one is t (19)"), std::string::npos)
      << run.out;
}

// A report is there all the same.
TEST(CheckCommandTest, AWeightThatIsNoNumberIsNamed) {
  const TempDir dir;
  testutil::HfModel model = testutil::TinyHfLlama();
  model["model.layers.0.mlp.down_proj.weight"].values[13] =
      std::numeric_limits<float>::quiet_NaN();
  model.Write(dir.path());
  const CliOutcome run = RunCli({"check", dir.path(), "--json", "-"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_THAT(run.err, HasSubstr("weights_finite, activations_finite"));
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(run.out);
  EXPECT_FALSE(bool(json["ok"]));
  const simdjson::dom::element check = json["checks"].at(1);
  EXPECT_EQ(std::string_view(check["name"]), "weights_finite");
  EXPECT_FALSE(bool(check["ok"]));
  EXPECT_THAT(std::string(std::string_view(check["note"])),
              HasSubstr("model.layers.0.mlp.down_proj.weight, the first at [1, "
                        "1] is nan"));
}

TEST(CheckCommandTest, WhatCannotBeOpenedIsOneLineAndExit3) {
  const TempDir dir;
  testutil::HfModel model = testutil::TinyHfLlama();
  model.Remove("model.layers.0.mlp.down_proj.weight");
  model.Remove("model.layers.1.self_attn.q_proj.weight");
  model.Add("model.layers.0.mlp.extra", {2});
  model.Write(dir.path());
  const CliOutcome run = RunCli({"check", dir.path()});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(std::ranges::count(run.err, '\n'), 1) << run.err;
  for (const char* name :
       {"model.layers.0.mlp.down_proj.weight",
        "model.layers.1.self_attn.q_proj.weight", "model.layers.0.mlp.extra"}) {
    EXPECT_THAT(run.err, HasSubstr(name));
  }
}

}  // namespace
}  // namespace pellucid::cli
