#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
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

TEST_F(TraceCommandTest, ShapesAreThoseOfTheContract) {
  const CliOutcome run =
      Trace({"--ids", "4,13,5", "--sites",
             "embed,logits,model.layers.0.self_attn.z,"
             "model.layers.0.self_attn.scores,blocks.0.attn.hook_pattern",
             "--out", out_});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto file = SafetensorsFile::Open(out_).value();
  const auto shape = [&](std::string_view name) {
    for (const auto& tensor : file.tensors()) {
      if (tensor.name == name) return tensor.shape;
    }
    return std::vector<std::size_t>();
  };
  EXPECT_THAT(shape("embed"), ElementsAre(3, 8));
  EXPECT_THAT(shape("logits"), ElementsAre(3, 19));
  EXPECT_THAT(shape("model.layers.0.self_attn.z"), ElementsAre(3, 2, 4));
  EXPECT_THAT(shape("model.layers.0.self_attn.scores"), ElementsAre(2, 3, 3));
  EXPECT_THAT(shape("blocks.0.attn.hook_pattern"), ElementsAre(2, 3, 3));
  EXPECT_EQ(file.metadata().count("text"), 0u);
  EXPECT_EQ(file.metadata().at("model"), model_);
}

TEST_F(TraceCommandTest, AllIsEverythingButScoresAndPattern) {
  ASSERT_EQ(Trace({"c", "--sites", "all,embed", "--out", out_}).exit_code, 0);
  const auto file = SafetensorsFile::Open(out_).value();
  std::size_t embeds = 0;
  for (const auto& tensor : file.tensors()) {
    EXPECT_FALSE(tensor.name.ends_with(".scores")) << tensor.name;
    EXPECT_FALSE(tensor.name.ends_with(".pattern")) << tensor.name;
    embeds += tensor.name == "embed" ? 1 : 0;
  }
  EXPECT_EQ(embeds, 1u);
}

TEST_F(TraceCommandTest, NpzIsWrittenToo) {
  const CliOutcome run = Trace({"--ids", "4,13", "--sites", "logits", "--out",
                                dir_ / "t.npz", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(ReadFileText(dir_ / "t.npz"), StartsWith("PK"));
  EXPECT_THAT(run.out, HasSubstr("\"logits\": [2, 19]"));
  for (const char* name : {"logits.npy", "ids.npy", "model.npy"}) {
    EXPECT_THAT(ReadFileText(dir_ / "t.npz"), HasSubstr(name));
  }
}

TEST_F(TraceCommandTest, APipeGetsSafetensorsWhateverItsName) {
  ASSERT_EQ(Trace({"c", "--sites", "embed", "--out", out_}).exit_code, 0);
  const std::string pipe = dir_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string received;
  std::thread reader([&] { received = ReadFileText(pipe); });
  EXPECT_EQ(Trace({"c", "--sites", "embed", "--out", pipe}).exit_code, 0);
  reader.join();
  EXPECT_EQ(received, ReadFileText(out_));
  EXPECT_EQ(Trace({"c", "--sites", "embed", "--out", "/dev/null"}).exit_code,
            0);
}

// "model" is an alias of the trunk's output, and an array of metadata.
TEST_F(TraceCommandTest, ASiteDoesNotTakeTheNameOfMetadata) {
  EXPECT_EQ(Fails(2, {"c", "--sites", "embed,model", "--out", dir_ / "t.npz"}),
            "pellucid: error: trace: --sites: \"model\" is an array of "
            "metadata in an .npz file; write a .safetensors file, or use the "
            "site's canonical name\n");
  EXPECT_EQ(Trace({"c", "--sites", "model", "--out", out_}).exit_code, 0);
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
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
  const auto second =
      SafetensorsFile::Open(folder + "/000001.safetensors").value();
  EXPECT_EQ(second.metadata().count("text"), 0u);
}

// Each file is that of the prompt alone, in an old folder too.
TEST_F(TraceCommandTest, AFileOfManyIsTheFileOfOne) {
  const std::string folder = dir_ / "many/";
  std::filesystem::create_directory(folder);
  const std::string lines = "{\"ids\": [3]}\n\"c ab\"\n";
  const std::string sites = "model.layers.*,model.layers.1.self_attn.pattern";
  ASSERT_EQ(Trace({"--jsonl", "-", "--sites", sites, "--out", folder}, lines)
                .exit_code,
            0);
  ASSERT_EQ(Trace({"c ab", "--sites", sites, "--out", out_}).exit_code, 0);
  EXPECT_EQ(ReadFileText(folder + "000001.safetensors"), ReadFileText(out_));
}

TEST_F(TraceCommandTest, NothingIsLeftOfWhatCannotBe) {
  const auto fails = [&](std::vector<std::string> args, const char* lines) {
    args.insert(args.begin(), {"--jsonl", "-", "--out", dir_ / "a/many"});
    const CliOutcome run = Trace(std::move(args), lines);
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(dir_.List(), ElementsAre("text.gguf"));
    return run.err;
  };
  EXPECT_THAT(fails({"--sites", "model.layers.7"}, "\"c\"\n"),
              StartsWith("pellucid: error: sites: model.layers.7: this model "
                         "has no such site; nearest: "));
  EXPECT_THAT(fails({"--sites", "nothing.*"}, "\"c\"\n"),
              StartsWith("pellucid: error: sites: nothing.*: "));
  EXPECT_EQ(fails({"--sites", "embed"}, "\"\"\n"),
            "pellucid: error: trace: standard input line 1: is empty: there "
            "are no tokens; give some text\n");
  EXPECT_THAT(
      fails({"--sites", "embed", "--json", dir_.path() + "/f.json"}, "[]\n"),
      StartsWith("pellucid: error: trace: standard input line 1: no "
                 "prompt, or two; "));
}

// Those before the line at fault stay.
TEST_F(TraceCommandTest, ABadLineEndsTheRun) {
  const std::string folder = dir_ / "many";
  const CliOutcome run = Trace(
      {"--jsonl", "-", "--sites", "embed", "--out", folder}, "\"c\"\n\"\"\n");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.out, HasSubstr("000000.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/000000.safetensors"));
  EXPECT_FALSE(std::filesystem::exists(folder + "/000001.safetensors"));
}

}  // namespace
}  // namespace pellucid::cli
