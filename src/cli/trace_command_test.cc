#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "formats/safetensors.h"
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

class TraceCommandTest : public ::testing::Test {
 protected:
  CliOutcome Trace(std::vector<std::string> args, std::string input = "") {
    args.insert(args.begin(), {"trace", "-m", model_});
    return RunCli(std::move(args), std::move(input));
  }
  std::string Fails(int exit_code, std::vector<std::string> args) {
    const CliOutcome run = Trace(std::move(args));
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("pellucid: error: "));
    EXPECT_THAT(dir_.List(), ElementsAre("text.gguf"));
    return run.err;
  }

  TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
  std::string out_ = dir_ / "t.safetensors";
};

TEST_F(TraceCommandTest, TensorsAreStoredUnderTheNamesAskedFor) {
  const CliOutcome run =
      Trace({"c ab", "--sites", "blocks.1.hook_resid_post,model.layers.*",
             "--out", out_});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  const auto file = SafetensorsFile::Open(out_).value();
  std::vector<std::string> names;
  for (const auto& tensor : file.tensors()) {
    names.emplace_back(tensor.name);
    EXPECT_EQ(tensor.shape, (std::vector<std::size_t>{2, 8}));
  }
  EXPECT_THAT(names, ElementsAre("blocks.1.hook_resid_post", "model.layers.0",
                                 "model.layers.1"));
  EXPECT_EQ(file.metadata().at("text"), "c ab");
  EXPECT_EQ(file.metadata().at("ids"), "[4,13]");
}

TEST_F(TraceCommandTest, NpzIsWrittenToo) {
  const CliOutcome run = Trace({"--ids", "4,13", "--sites", "logits", "--out",
                                dir_ / "t.npz", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(ReadFileText(dir_ / "t.npz"), StartsWith("PK"));
  EXPECT_THAT(run.out, HasSubstr("\"logits\": [2, 19]"));
}

TEST_F(TraceCommandTest, WhatIsMissingOrWrongIsExit2) {
  EXPECT_THAT(Fails(2, {"c", "--out", out_}), HasSubstr("--sites: is missing"));
  EXPECT_THAT(Fails(2, {"c", "--sites", "all"}),
              HasSubstr("--out: is missing"));
  EXPECT_THAT(Fails(2, {"c", "--sites", "all", "--out", "t.pt"}),
              HasSubstr("neither .safetensors nor .npz"));
  EXPECT_THAT(Fails(2, {"c", "--sites", "embed,", "--out", out_}),
              HasSubstr("empty name"));
  EXPECT_THAT(Fails(2, {"c", "--sites", "model.layers.7", "--out", out_}),
              HasSubstr("model.layers.1"));
  EXPECT_THAT(
      Fails(1, {"c", "--sites", "all", "--out", dir_ / "none/t.safetensors"}),
      HasSubstr("none/t.safetensors"));
}

TEST_F(TraceCommandTest, ManyPromptsMakeAFolder) {
  const std::string lines = "\"c ab\"\n{\"ids\": [3]}\n";
  const std::string folder = dir_ / "many";
  const CliOutcome run =
      Trace({"--jsonl", "-", "--sites", "embed", "--out", folder}, lines);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "{\"file\":\"" + folder +
                         "/000000.safetensors\",\"ids\":[4,13],\"text\":\"c "
                         "ab\",\"tensors\":{\"embed\":[2,8]}}\n"
                         "{\"file\":\"" +
                         folder +
                         "/000001.safetensors\",\"ids\":[3],\"text\":null,"
                         "\"tensors\":{\"embed\":[1,8]}}\n");
  const auto second =
      SafetensorsFile::Open(folder + "/000001.safetensors").value();
  EXPECT_EQ(second.metadata().count("text"), 0u);
}

}  // namespace
}  // namespace pellucid::cli
