#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "formats/safetensors.h"
#include "pellucid/generate.h"
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
using testutil::ReadFileText;
using testutil::RunCli;
using testutil::TempDir;
using Strings = std::vector<std::string>;

// Lines of a text that ends with a line feed.
Strings Lines(const std::string& text) {
  Strings lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  EXPECT_EQ(lines.back(), "");
  lines.pop_back();
  return lines;
}

class GenerateCommandTest : public ::testing::Test {
 protected:
  CliOutcome Run(Strings args, std::string input = "") {
    args.insert(args.begin(), {"generate", "-m", model_});
    return RunCli(std::move(args), std::move(input));
  }
  std::string Out(Strings args, std::string input = "") {
    const CliOutcome run = Run(std::move(args), std::move(input));
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.out;
  }
  std::string Fails(int exit_code, Strings args) {
    const CliOutcome run = Run(std::move(args));
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("pellucid: error: "));
    return run.err;
  }
  // What the library makes of it.
  Generation Make(const GenerateOptions& options) {
    const Model model = Model::Open(model_).value();
    return Generate(model, std::vector<TokenId>{4, 13}, options).value();
  }
  std::string WriteVector() {
    const Model model = Model::Open(model_).value();
    const SteeringVector vector{
        1, "model.layers.1", {9, -9, 9, 0, 3, -9, 1, 5}};
    EXPECT_TRUE(
        WriteSteering(dir_ / "v.safetensors", {&vector, 1}, model).ok());
    return dir_ / "v.safetensors";
  }

  TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
};

TEST_F(GenerateCommandTest, WritesTheTextAsTheLibraryMakesIt) {
  EXPECT_EQ(Out({"c ab", "--max-tokens", "6"}),
            Make({.max_tokens = 6}).text + "\n");
  GenerateOptions drawn{.max_tokens = 6};
  drawn.sampling = {.temperature = 1.5, .top_k = 9, .seed = 3};
  EXPECT_EQ(Out({"c ab", "--max-tokens", "6", "--temperature", "1.5", "--top-k",
                 "9", "--seed", "3"}),
            Make(drawn).text + "\n");
  EXPECT_EQ(Out({"--ids", "4,13", "--max-tokens", "6"}),
            Out({"-", "--max-tokens", "6"}, "c ab"));
}

TEST_F(GenerateCommandTest, JsonHoldsTokensAndText) {
  const std::string json =
      Out({"c ab", "--max-tokens", "3", "--ignore-eos", "--json", "-"});
  const Generation made =
      Make({.max_tokens = 3, .stop_tokens = std::vector<TokenId>{}});
  EXPECT_THAT(json, StartsWith("{\n \"schema\": \"pellucid.generate/1\",\n"));
  EXPECT_THAT(json, HasSubstr("\"prompt\": {\"tokens\": [{\"id\": 4, \"text\": "
                              "\"c\"}, {\"id\": 13, \"text\": \" ab\"}]}"));
  EXPECT_THAT(json,
              HasSubstr("{\"id\": " + std::to_string(made.tokens[2].id) + ","));
  EXPECT_THAT(json, HasSubstr("\"text\": \"" + made.text + "\""));
  EXPECT_THAT(json, HasSubstr("\"finish\": \"length\""));
  // In a file, the text goes to standard output all the same.
  EXPECT_EQ(Out({"c ab", "--max-tokens", "3", "--ignore-eos", "--json",
                 dir_ / "g.json"}),
            made.text + "\n");
  EXPECT_EQ(ReadFileText(dir_ / "g.json"), json);
}

TEST_F(GenerateCommandTest, ManyPromptsAreLinesOfJson) {
  const std::string lines = "\"c ab\"\n{\"ids\": [2]}\n{\"text\": \"a b\"}\n";
  const Strings out = Lines(Out({"--jsonl", "-", "--max-tokens", "4"}, lines));
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0] + "\n",
            Out({"--jsonl", "-", "--max-tokens", "4"}, "\"c ab\"\n"));
  EXPECT_THAT(out[1], HasSubstr("\"prompt\":{\"tokens\":[{\"id\":2,"));
  const CliOutcome bad = Run({"--jsonl", "-"}, "\"c ab\"\n\"\"\n");
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("generate: standard input line 2: is empty"));
  EXPECT_EQ(Lines(bad.out).size(), 1u);
}

TEST_F(GenerateCommandTest, EndsBeforeAStopText) {
  const std::string all =
      Out({"c ab", "--max-tokens", "6", "--ignore-eos", "--seed", "4"});
  const std::string stop = all.substr(1, 1);
  EXPECT_EQ(Out({"c ab", "--max-tokens", "6", "--ignore-eos", "--seed", "4",
                 "--stop", stop}),
            all.substr(0, all.find(stop)) + "\n");
}

TEST_F(GenerateCommandTest, SteersByAVectorTimesAScale) {
  const std::string vector = WriteVector();
  const Strings base = {"c ab", "--max-tokens", "5", "--ignore-eos"};
  const auto with = [&](Strings more) {
    more.insert(more.begin(), base.begin(), base.end());
    return Out(more);
  };
  const std::string plain = with({}), pushed = with({"--steer", vector});
  EXPECT_EQ(with({"--steer", vector, "--scale", "0"}), plain);
  EXPECT_NE(pushed, plain);
  // Several scales: one continuation each, as alone.
  const std::string swept = with({"--steer", vector, "--scale", "0,1,-0.5"});
  EXPECT_EQ(swept, "--- scale 0\n" + plain + "--- scale 1\n" + pushed +
                       "--- scale -0.5\n" +
                       with({"--steer", vector, "--scale", "-0.5"}));
  const Strings lines =
      Lines(with({"--steer", vector, "--scale", "0,1", "--json", "-"}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr("\"scale\":0,"));
  EXPECT_THAT(lines[1], HasSubstr("\"scale\":1,"));
}

TEST_F(GenerateCommandTest, MakesTheEditsOfAFile) {
  testutil::WriteFileText(
      dir_ / "e.json",
      R"({"schema": "pellucid.edits/1", "edits": [{"site": "logits",)"
      R"( "kind": "add", "factor": 1000, "features": [5]}]})");
  EXPECT_EQ(Out({"c ab", "--max-tokens", "3", "--edits", dir_ / "e.json"}),
            "ddd\n");
}

TEST_F(GenerateCommandTest, RecordsAllTokens) {
  const std::string text =
      Out({"c ab", "--max-tokens", "3", "--ignore-eos", "--record",
           "embed,model.layers.*", "--out", dir_ / "t.safetensors"});
  const auto file = SafetensorsFile::Open(dir_ / "t.safetensors").value();
  ASSERT_EQ(file.tensors().size(), 3u);
  for (const auto& tensor : file.tensors()) {
    EXPECT_EQ(tensor.shape, (std::vector<std::size_t>{5, 8}));
  }
  EXPECT_EQ(file.metadata().at("text") + "\n", "c ab" + text);
}

TEST_F(GenerateCommandTest, WritesTheLensOfWhatWasChosen) {
  const std::string lens =
      Out({"c ab", "--max-tokens", "2", "--ignore-eos", "--lens", "-",
           "--lens-layers", "-1", "--lens-top-k", "2"});
  EXPECT_THAT(lens, HasSubstr("\"schema\": \"pellucid.lens/1\""));
  EXPECT_THAT(lens, HasSubstr("{\"position\": 1, \"top\": ["));
  EXPECT_THAT(lens, HasSubstr("{\"position\": 2, \"top\": ["));
  EXPECT_THAT(lens, ::testing::Not(HasSubstr("{\"position\": 3")));
}

TEST_F(GenerateCommandTest, SaysWhatIsWrong) {
  EXPECT_THAT(Fails(2, {}), HasSubstr("generate: prompt: there is none"));
  EXPECT_THAT(Fails(2, {"a", "--top-k", "0"}), HasSubstr("--top-k: 0 keeps"));
  EXPECT_THAT(Fails(2, {"a", "--stop", ""}), HasSubstr("stop text: is empty"));
  EXPECT_THAT(Fails(2, {"a", "--record", "nothing", "--out", dir_ / "t.npz"}),
              HasSubstr("nothing"));
  EXPECT_THAT(Fails(3, {"a", "--steer", dir_ / "none.safetensors"}),
              HasSubstr("none.safetensors"));
  EXPECT_THAT(Fails(3, {"a", "--edits", dir_ / "none.json"}),
              HasSubstr("none.json"));
  EXPECT_THAT(Fails(2, {"--ids", "99"}), HasSubstr("token id 99"));
  EXPECT_THAT(Fails(1, {"a", "--json", dir_ / "no/f.json"}),
              HasSubstr("no/f.json"));
  EXPECT_THAT(dir_.List(), ElementsAre("text.gguf"));
}

TEST_F(GenerateCommandTest, HelpNamesTheFlags) {
  const CliOutcome run = Run({"--help"});
  EXPECT_EQ(run.exit_code, 0);
  for (const char* flag :
       {"--max-tokens", "--temperature", "--top-k", "--top-p", "--min-p",
        "--repetition-penalty", "--seed", "--stop", "--edits", "--steer",
        "--scale", "--record", "--lens"}) {
    EXPECT_THAT(run.out, HasSubstr(flag));
  }
}

}  // namespace
}  // namespace pellucid::cli
