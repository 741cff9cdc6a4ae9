#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

using testutil::CliOutcome;
using testutil::RunCli;
using testutil::TempDir;

class TokenizeTest : public ::testing::Test {
 protected:
  CliOutcome Tokenize(std::vector<std::string> args, std::string input = "") {
    args.insert(args.begin(), {"tokenize", "-m", model_});
    return RunCli(std::move(args), std::move(input));
  }

  TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
};

TEST_F(TokenizeTest, ATextGivesATableOrJson) {
  const CliOutcome table = Tokenize({"c ab"});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_EQ(table.out,
            "       4  c\n      13  \xc2\xb7"
            "ab\n");
  EXPECT_EQ(table.err, "");
  const CliOutcome json = Tokenize({"c ab", "--json", "-"});
  EXPECT_EQ(json.exit_code, 0) << json.err;
  EXPECT_NE(json.out.find("\"ids\""), std::string::npos);
  EXPECT_NE(json.out.find("\" ab\""), std::string::npos);
}

TEST_F(TokenizeTest, LinesBecomeLinesAndBack) {
  EXPECT_EQ(Tokenize({"--jsonl", "-"}, "\"c ab\"\n\"\"\n\"ab\"").out,
            "[4,13]\n[]\n[11]\n");
  EXPECT_EQ(Tokenize({"--decode", "--jsonl", "-"}, "[4,13]\n[]\n").out,
            "\"c ab\"\n\"\"\n");
  EXPECT_EQ(Tokenize({"--decode", "--ids", "4,13"}).out, "c ab\n");
}

TEST_F(TokenizeTest, SpecialTokensAreHuggingFaces) {
  model_ = testutil::WriteTextModel(dir_, /*adds_bos=*/true);
  EXPECT_EQ(Tokenize({"--jsonl", "-"}, "\"ab\"\n\"<s>ab\"\n").out,
            "[0,11]\n[0,0,11]\n");
  EXPECT_EQ(Tokenize({"--no-special", "--jsonl", "-"}, "\"ab\"\n").out,
            "[11]\n");
  EXPECT_EQ(Tokenize({"--bos", "never", "--jsonl", "-"}, "\"ab\"\n").out,
            "[11]\n");
  EXPECT_EQ(Tokenize({"--decode", "--ids", "0,11"}).out, "<s>ab\n");
  EXPECT_EQ(Tokenize({"--decode", "--no-special", "--ids", "0,11"}).out,
            "ab\n");
}

TEST_F(TokenizeTest, ABadLineIsNamedAfterThoseBeforeIt) {
  const CliOutcome run = Tokenize({"--jsonl", "-"}, "\"ab\"\n[1]\n\"a\"\n");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "[11]\n");
  EXPECT_EQ(run.err,
            "pellucid: error: tokenize: standard input line 2: no JSON string; "
            "write the text in double quotes\n");
}

TEST_F(TokenizeTest, OptionsThatDoNotFitAreErrors) {
  EXPECT_EQ(Tokenize({"--decode", "ab"}).exit_code, 2);
  EXPECT_EQ(Tokenize({"--ids", "1"}).exit_code, 2);
  EXPECT_EQ(Tokenize({}).exit_code, 2);
  EXPECT_EQ(Tokenize({"--decode"}).err,
            "pellucid: error: tokenize: --decode: there are no ids; give --ids "
            "or --jsonl\n");
  EXPECT_EQ(Tokenize({"ab", "--bos", "maybe"}).exit_code, 2);
  EXPECT_EQ(Tokenize({"ab\xff"}).exit_code, 2);
}

TEST_F(TokenizeTest, AModelWithoutATokenizerIsExit3) {
  model_ = testutil::TinyLlamaPath("mha_tied_f32");
  const CliOutcome run = Tokenize({"ab"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.out, "");
}

// Two letters and their merge, with a BOS token in the template.
constexpr std::string_view kTokenizerJson = R"({
  "added_tokens": [{"id": 3, "content": "<s>", "special": true}],
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
               {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2},
            "merges": ["a b"]}})";

TEST_F(TokenizeTest, ABareTokenizerJsonIsEnough) {
  model_ = dir_ / "tokenizer.json";
  testutil::WriteFileBytes(model_, std::as_bytes(std::span(kTokenizerJson)));
  EXPECT_EQ(Tokenize({"--jsonl", "-"}, "\"aba\"\n\"<s>b\"\n").out,
            "[3,2,0]\n[3,3,1]\n");
  EXPECT_EQ(Tokenize({"--no-special", "--jsonl", "-"}, "\"aba\"\n").out,
            "[2,0]\n");
  EXPECT_EQ(Tokenize({"ab"}).out, "       3  <s>\n       2  ab\n");
  EXPECT_EQ(Tokenize({"--decode", "--ids", "3,2,0"}).out, "<s>aba\n");
  const TempDir folder;  // without weights
  testutil::WriteFileBytes(folder / "tokenizer.json",
                           std::as_bytes(std::span(kTokenizerJson)));
  model_ = folder.path();
  EXPECT_EQ(Tokenize({"--decode", "--no-special", "--ids", "3,2,0"}).out,
            "aba\n");
}

TEST_F(TokenizeTest, WhatIsNoTokenizerIsExit3) {
  model_ = dir_ / "tokenizer.json";
  const CliOutcome missing = Tokenize({"ab"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_NE(missing.err.find("name a tokenizer.json, a model folder"),
            std::string::npos);
  testutil::WriteFileBytes(model_, std::as_bytes(std::span("{}", 2)));
  EXPECT_EQ(Tokenize({"ab"}).exit_code, 3);
  const TempDir empty;
  model_ = empty.path();
  const CliOutcome run = Tokenize({"ab"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_NE(run.err.find("holds no tokenizer; name a"), std::string::npos);
}

TEST_F(TokenizeTest, AFolderOfOneGgufFileIsThatFile) {
  model_ = dir_.path();
  EXPECT_EQ(Tokenize({"--jsonl", "-"}, "\"c ab\"\n").out, "[4,13]\n");
}

}  // namespace
}  // namespace pellucid::cli
