// --edits, alone and through the commands that take it.
#include "cli/edit_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "formats/safetensors.h"
#include "testutil/run_cli.h"
#include "testutil/tiny_hf.h"

namespace pellucid::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using testutil::CliOutcome;
using testutil::ReadFileText;
using testutil::RunCli;
using testutil::TempDir;

class EditFlagsTest : public ::testing::Test {
 protected:
  // A file of edits; `edits` is what stands in the list.
  std::string File(const std::string& name, const std::string& edits,
                   const std::string& model = "") const {
    testutil::WriteFileText(dir_ / name, R"({"schema": "pellucid.edits/1", )" +
                                             model + R"("edits": [)" + edits +
                                             "]}");
    return dir_ / name;
  }
  CliOutcome Run(std::vector<std::string> args, std::string input = "") const {
    args.insert(args.begin() + 1, {"-m", model_});
    return RunCli(std::move(args), std::move(input));
  }
  // Traces a prompt of three tokens; empty: failed.
  std::vector<float> Trace(const std::string& site,
                           const std::vector<std::string>& files) {
    std::vector<std::string> args = {"trace", "--ids", "4,13,5", "--sites",
                                     site,    "--out", out_};
    for (const std::string& file : files) {
      args.insert(args.end(), {"--edits", file});
    }
    const CliOutcome run = Run(args);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    if (run.exit_code != 0) return {};
    const auto file = SafetensorsFile::Open(out_).value();
    const auto data = file.tensors()[0].data;
    std::vector<float> values(data.size() / sizeof(float));
    std::memcpy(values.data(), data.data(), data.size());
    edits_ = file.metadata().contains("edits") ? file.metadata().at("edits")
                                               : "none";
    return values;
  }
  std::string Fails(int exit_code, const std::string& file) {
    std::string message;
    for (const char* command : {"trace", "lens"}) {
      std::vector<std::string> args = {command, "--ids", "4,13,5", "--edits",
                                       file};
      if (args[0] == "trace") {
        args.insert(args.end(), {"--sites", "embed", "--out", out_});
      }
      const CliOutcome run = Run(args);
      EXPECT_EQ(run.exit_code, exit_code) << run.err;
      EXPECT_EQ(run.out, "");
      EXPECT_THAT(run.err, StartsWith("pellucid: error: "));
      EXPECT_THAT(dir_.List(), Not(::testing::Contains("t.safetensors")));
      if (!message.empty()) {
        EXPECT_EQ(run.err, message);
      }
      message = run.err;
    }
    return message.substr(std::string("pellucid: error: ").size());
  }

  TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
  std::string out_ = dir_ / "t.safetensors";
  std::string edits_;  // metadata of the last trace
};

TEST_F(EditFlagsTest, ATraceRecordsWhatEditsLeave) {
  const auto plain = Trace("model.layers.1", {});
  EXPECT_EQ(edits_, "none");
  const std::string zero =
      File("zero.json",
           R"({"site": "blocks.1.hook_resid_post", "kind": "zero",
          "positions": "-1"})");
  auto values = Trace("model.layers.1", {zero});
  EXPECT_EQ(edits_, "1");
  ASSERT_THAT(values, SizeIs(24));
  EXPECT_EQ(std::vector<float>(values.begin(), values.begin() + 16),
            std::vector<float>(plain.begin(), plain.begin() + 16));
  EXPECT_THAT(std::vector<float>(values.begin() + 16, values.end()),
              ::testing::Each(0.0f));
  // Files in their order.
  const std::string add = File(
      "add.json", R"({"site": "model.model.layers.1", "kind": "add", "factor":
                      3}, {"site": "layers.0.mlp", "kind": "zero"})");
  values = Trace("model.layers.1", {zero, add});
  EXPECT_EQ(edits_, "3");
  EXPECT_THAT(std::vector<float>(values.begin() + 16, values.end()),
              ::testing::Each(3.0f));
  values = Trace("model.layers.1", {add, zero});
  EXPECT_THAT(std::vector<float>(values.begin() + 16, values.end()),
              ::testing::Each(0.0f));
}

TEST_F(EditFlagsTest, ALensIsThatOfTheEditedRun) {
  const std::string file = File(
      "e.json",
      R"({"site": "model.layers.0.self_attn.z", "kind": "zero", "heads": [1],
          "text": "ab"})");
  const std::vector<std::string> args = {"lens", "c ab", "--json", "-"};
  const CliOutcome plain = Run(args);
  EXPECT_THAT(plain.out, Not(HasSubstr("\"edits\"")));
  auto edited = args;
  edited.insert(edited.end(), {"--edits", file});
  const CliOutcome run = Run(edited);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"precision\": \"exact\", \"edits\": 1}"));
  EXPECT_THAT(run.out, HasSubstr("\"max_abs_last_row_minus_logits\": 0"));
  const auto rows = [](const std::string& json) {
    return json.substr(json.find("\"rows\""), json.find("\"checks\""));
  };
  EXPECT_NE(rows(run.out), rows(plain.out));
}

TEST_F(EditFlagsTest, ValuesComeFromATraceBesideTheFile) {
  const auto plain = Trace("model.layers.0", {});
  std::rename(out_.c_str(), (dir_ / "clean.safetensors").c_str());
  // Its own state changes no bit; another one does.
  const auto logits = Trace("logits", {});
  const std::string patch = R"({"site": "model.layers.0", "kind": "replace",
      "positions": "1", "values": {"file": "clean.safetensors",
      "tensor": "model.layers.0"}})";
  EXPECT_EQ(Trace("logits", {File("e.json", patch)}), logits);
  const std::string noise =
      R"({"site": "embed", "kind": "noise", "seed": 1}, )";
  const auto noisy = Trace("model.layers.0", {File("n.json", noise + patch)});
  EXPECT_EQ(std::vector<float>(noisy.begin() + 8, noisy.begin() + 16),
            std::vector<float>(plain.begin() + 8, plain.begin() + 16));
  EXPECT_NE(noisy, plain);
}

TEST_F(EditFlagsTest, FilesThatAreDamagedOrOfAnotherModel) {
  EXPECT_THAT(Fails(3, dir_ / "none.json"), HasSubstr("none.json"));
  testutil::WriteFileText(dir_ / "e.json", "{");
  EXPECT_THAT(Fails(3, dir_ / "e.json"), HasSubstr("is not valid JSON"));
  EXPECT_EQ(Fails(3, File("e.json", R"({"site": "embed", "kind": "zer"})")),
            "edits: " + (dir_ / "e.json") +
                ": edit 0: \"kind\" is \"zer\", which is none; there are zero, "
                "scale, add, replace, mean, resample, noise, clamp, "
                "project_out, set_component, mask\n");
  EXPECT_THAT(
      Fails(3, File("e.json", R"({"site": "embed", "kind": "zero"})",
                    R"("model": {"architecture": "llama", "hash": "00"}, )")),
      HasSubstr("was saved for another model: llama with hash 00, not llama "
                "with hash "));
}

TEST_F(EditFlagsTest, EditsThatDoNotFit) {
  const auto fails = [&](const std::string& edit) {
    return Fails(2, File("e.json", "{" + edit + "}"));
  };
  EXPECT_THAT(fails(R"("site": "model.layers.0.mpl", "kind": "zero")"),
              StartsWith("edits: edit 0 (zero of model.layers.0.mpl): this "
                         "model has no such site; nearest: "));
  EXPECT_EQ(fails(R"("site": "embed", "kind": "zero", "positions": "3")"),
            "edits: edit 0 (zero of embed): positions: index 3 is out of "
            "range; there are 3, numbered 0 to 2 or -3 to -1\n");
  EXPECT_EQ(fails(R"("site": "embed", "kind": "add", "values": [1, 2, 3])"),
            "edits: edit 0 (add of embed): 3 values: are no rows of 8 "
            "numbers; give rows of the site, or of the part in scope\n");
  EXPECT_EQ(fails(R"("site": "embed", "kind": "zero", "text": "z")"),
            "edits: edit 0 (zero of embed): text \"z\": does not occur in "
            "the prompt \"c abd\"; copy it from there\n");
  EXPECT_EQ(fails(R"("site": "embed", "kind": "zero", "prompts": [1])"),
            "edits: edit 0 (zero of embed): prompt 1: is not in the batch; "
            "name one of 0 to 0\n");
}

TEST_F(EditFlagsTest, NumbersThatEditsMakeInfiniteAreTheirs) {
  EXPECT_EQ(Fails(3, File("e.json",
                          R"({"site": "model.layers.0", "kind": "add",
                              "factor": 3e38, "positions": "1"},
                             {"site": "model.layers.0", "kind": "scale",
                              "factor": 10})")),
            "run: model.layers.0: non-finite activation at position 1; the "
            "weights are damaged or overflow float32, or an edit made it so\n");
}

TEST_F(EditFlagsTest, PromptsAreLinesOfManyPrompts) {
  const std::string file =
      File("e.json",
           R"({"site": "embed", "kind": "scale", "factor": 2, "prompts": [1]},
         {"site": "embed", "kind": "noise", "seed": 3, "positions": "0"})");
  const std::string lines = "\"c\"\n\"c\"\n{\"ids\": [4]}\n";
  const std::vector<std::string> args = {"trace",       "--jsonl", "-",
                                         "--sites",     "embed",   "--out",
                                         dir_ / "many", "--edits", file};
  const CliOutcome run = Run(args, lines);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("000000.safetensors\",\"ids\":[4],\"text\":"
                                 "\"c\",\"edits\":1,"));
  EXPECT_THAT(run.out, HasSubstr("000001.safetensors\",\"ids\":[4],\"text\":"
                                 "\"c\",\"edits\":2,"));
  const std::string first = ReadFileText(dir_ / "many/000000.safetensors");
  EXPECT_NE(ReadFileText(dir_ / "many/000001.safetensors"), first);
  // As the prompt alone: the same noise, whatever stands before it.
  const auto data = [](const std::string& path) {
    const auto trace = SafetensorsFile::Open(path).value();
    const auto bytes = trace.tensors()[0].data;
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  EXPECT_EQ(data(dir_ / "many/000002.safetensors"),
            data(dir_ / "many/000000.safetensors"));
}

TEST_F(EditFlagsTest, LinesThatAreNotThereAreSaid) {
  const std::string file =
      File("e.json", R"({"site": "embed", "kind": "zero", "prompts": [2]})");
  for (const std::string command : {"lens", "trace"}) {
    std::vector<std::string> args = {command, "--jsonl", "-", "--edits", file};
    if (command == "trace") {
      args.insert(args.end(), {"--sites", "embed", "--out", dir_ / "many"});
    }
    const CliOutcome run = Run(args, "\"c\"\n\"c\"\n");
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.err,
              "pellucid: error: edits: edit 0 (zero of embed): prompt 2: "
              "there are 2 lines, counted from 0; name one of them\n");
  }
}

// What does not fit one line names it; what fits none does not.
TEST_F(EditFlagsTest, ErrorsOfManyPromptsNameTheLine) {
  const auto error = [&](const std::string& edit) {
    return Run({"lens", "--jsonl", "-", "--edits", File("e.json", edit)},
               "\"c ab\"\n\"c\"\n")
        .err;
  };
  EXPECT_EQ(error(R"({"site": "embed", "kind": "zero", "positions": "1"})"),
            "pellucid: error: lens: standard input line 2: edit 0 (zero of "
            "embed): positions: index 1 is out of range; there are 1, "
            "numbered 0 to 0 or -1 to -1\n");
  EXPECT_THAT(error(R"({"site": "model.layers.7", "kind": "zero"})"),
              StartsWith("pellucid: error: edits: edit 0 (zero of "));
  EXPECT_THAT(error(R"({"site": "logits", "kind": "zero"})"),
              StartsWith("pellucid: error: lens: edits: edit 0 (zero of "));
}

TEST(EditsByLineTest, GivesEachBatchItsOwn) {
  std::vector<Edit> edits(3, {.site = "s"});
  edits[1].scope.prompts = {4, 0, 3};
  edits[2].scope.prompts = {9};
  EditsByLine by_line(edits);
  Batch batch;
  batch.first_line = 4;
  batch.ids = {{1}, {2}, {3}};
  batch.texts.resize(3);
  const auto own = by_line.Of(batch);
  ASSERT_THAT(own, SizeIs(2));
  EXPECT_THAT(own[1].scope.prompts, ElementsAre(1, 0));
  EXPECT_EQ(by_line.Count(batch, 0), 2u);
  EXPECT_EQ(by_line.Count(batch, 2), 1u);
  EXPECT_FALSE(by_line.CheckMet().ok());
  batch.first_line = 10;
  EXPECT_THAT(by_line.Of(batch), SizeIs(2));
  EXPECT_TRUE(by_line.CheckMet().ok());
}

}  // namespace
}  // namespace pellucid::cli
