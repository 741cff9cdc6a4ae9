#include <gtest/gtest.h>
#include <simdjson.h>

#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

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
                         ": does not hold: token_ids_have_rows; do not trust "
                         "its numbers, and report it\n");
}

}  // namespace
}  // namespace pellucid::cli
