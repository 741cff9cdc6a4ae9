#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "testutil/model_path.h"
#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

using simdjson::dom::element;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testutil::CliOutcome;
using testutil::CliRun;
using testutil::ReadFileText;
using testutil::RunCli;
using testutil::RunCliIn;
using testutil::TempDir;

class LensCommandTest : public ::testing::Test {
 protected:
  CliOutcome Lens(std::vector<std::string> args, std::string input = "") {
    args.insert(args.begin(), {"lens", "-m", model_});
    return RunCli(std::move(args), std::move(input));
  }
  // Expects a failure that leaves standard output empty; its message.
  std::string Fails(int exit_code, std::vector<std::string> args,
                    std::string input = "") {
    const CliOutcome run = Lens(std::move(args), std::move(input));
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("pellucid: error: "));
    EXPECT_TRUE(run.err.ends_with('\n'));
    return run.err;
  }
  element Parse(const CliOutcome& run) {
    EXPECT_EQ(run.exit_code, 0) << run.err;
    element json;
    EXPECT_EQ(parser_.parse(run.out).get(json), simdjson::SUCCESS) << run.out;
    return json;
  }

  TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_);
  simdjson::dom::parser parser_;
};

// Has exactly the keys listed, in that order.
void ExpectKeys(element json, std::initializer_list<std::string_view> keys) {
  ASSERT_TRUE(json.is_object());
  std::vector<std::string_view> found;
  for (const auto field : json.get_object()) found.push_back(field.key);
  EXPECT_EQ(found, std::vector<std::string_view>(keys));
}

void ExpectNumbers(element json, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    EXPECT_TRUE(json[key].is_number()) << key;
  }
}

void ExpectScore(element score) {
  ExpectKeys(score, {"id", "text", "logit", "logprob", "prob"});
  EXPECT_TRUE(score["text"].is_string());
  ExpectNumbers(score, {"id", "logit", "logprob", "prob"});
}

void ExpectCell(element cell, std::int64_t position, bool last) {
  if (last) {
    ExpectKeys(
        cell, {"position", "top", "logz", "entropy", "kl_to_final", "targets"});
  } else {
    ExpectKeys(cell, {"position", "top", "logz", "entropy", "kl_to_final",
                      "next", "targets"});
    ExpectKeys(cell["next"], {"id", "logprob", "rank"});
    ExpectNumbers(cell["next"], {"id", "logprob", "rank"});
  }
  EXPECT_EQ(std::int64_t(cell["position"]), position);
  ExpectNumbers(cell, {"logz", "entropy", "kl_to_final"});
  EXPECT_EQ(cell["top"].get_array().size(), 3u);
  for (const element score : cell["top"].get_array()) ExpectScore(score);
  ASSERT_EQ(cell["targets"].get_array().size(), 1u);
  ExpectKeys(cell["targets"].at(0),
             {"id", "text", "logit", "logprob", "prob", "rank"});
}

TEST_F(LensCommandTest, JsonHoldsEveryFieldOfTheSchema) {
  const element json = Parse(Lens({"c ab", "--top-k", "3", "--target", " ab",
                                   "--threads", "2", "--json", "-"}));
  ExpectKeys(json, {"schema", "version", "model", "run", "lens", "input",
                    "rows", "summary", "targets", "checks", "timing"});
  EXPECT_EQ(std::string_view(json["schema"]), "pellucid.lens/1");
  ExpectKeys(json["model"], {"ref", "architecture", "format", "n_layers",
                             "d_model", "vocab_size", "hash"});
  EXPECT_EQ(std::string_view(json["model"]["ref"]), model_);
  ExpectKeys(json["run"], {"isa", "threads", "precision"});
  EXPECT_EQ(std::int64_t(json["run"]["threads"]), 2);
  EXPECT_EQ(std::string_view(json["lens"]["kind"]), "logit");
  EXPECT_EQ(std::string_view(json["input"]["text"]), "c ab");
  EXPECT_EQ(std::int64_t(json["input"]["tokens"].at(1)["id"]), 13);
  EXPECT_EQ(std::string_view(json["input"]["tokens"].at(1)["text"]), " ab");

  const std::vector<std::string_view> sites = {"embed", "model.layers.0",
                                               "model.layers.1"};
  ASSERT_EQ(json["rows"].get_array().size(), sites.size());
  for (std::size_t r = 0; r < sites.size(); ++r) {
    const element row = json["rows"].at(r);
    ExpectKeys(row, {"site", "layer", "cells"});
    EXPECT_EQ(std::string_view(row["site"]), sites[r]);
    EXPECT_EQ(std::int64_t(row["layer"]), static_cast<std::int64_t>(r) - 1);
    ASSERT_EQ(row["cells"].get_array().size(), 2u);
    ExpectCell(row["cells"].at(0), 0, false);
    ExpectCell(row["cells"].at(1), 1, true);
    const element summary = json["summary"].at(r);
    ExpectKeys(summary, {"site", "layer", "entropy", "kl_to_final",
                         "top1_agree", "next_logprob"});
    ExpectNumbers(summary,
                  {"entropy", "kl_to_final", "top1_agree", "next_logprob"});
  }
  EXPECT_EQ(double(json["rows"].at(2)["cells"].at(1)["kl_to_final"]), 0.0);
  ExpectKeys(json["targets"].at(0), {"id", "text", "first_hit", "stable_from"});
  EXPECT_EQ(json["targets"].at(0)["first_hit"].get_array().size(), 2u);
  ExpectKeys(json["checks"], {"max_abs_last_row_minus_logits"});
  EXPECT_EQ(double(json["checks"]["max_abs_last_row_minus_logits"]), 0.0);
  ExpectKeys(json["timing"], {"load_ms", "forward_ms", "lens_ms"});
}

TEST_F(LensCommandTest, SitesGiveSeveralRowsABlock) {
  const std::vector<std::string> args = {
      "c ab", "--sites", "resid_post,mlp_out,attn_out,resid_mid"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), args.begin(), args.end());
    return Lens(std::move(more));
  };
  const element json = Parse(with({"--layers", "1", "--json", "-"}));
  ASSERT_EQ(json["rows"].get_array().size(), 4u);
  const std::vector<std::string> below = {".self_attn", ".resid_mid", ".mlp",
                                          ""};
  for (std::size_t r = 0; r < below.size(); ++r) {
    const element row = json["rows"].at(r);
    EXPECT_EQ(std::string_view(row["site"]), "model.layers.1" + below[r]);
    if (r % 2 == 0) {
      ExpectKeys(row, {"site", "layer", "norm", "cells"});
      EXPECT_EQ(std::string_view(row["norm"]), "own");
    } else {
      ExpectKeys(row, {"site", "layer", "cells"});
    }
    EXPECT_EQ(std::string_view(json["summary"].at(r)["site"]),
              std::string_view(row["site"]));
  }
  EXPECT_EQ(with({"--no-embed", "--table"}).out.find("embed"),
            std::string::npos);
  const std::string table = with({}).out;
  for (const char* label : {"\nembed ", "\n0 self_attn  ", "\n0 resid_mid  ",
                            "\n0 mlp  ", "\n1  "}) {
    EXPECT_THAT(table, HasSubstr(label));
  }
  EXPECT_THAT(with({"--csv", "-"}).out,
              HasSubstr("\nmodel.layers.1.self_attn,1,0,4,c,1,"));
  const std::string lines = "\"c ab\"\n";
  const element line =
      Parse(Lens({"--jsonl", "-", "--sites", args[2], "--layers", "1"}, lines));
  EXPECT_EQ(simdjson::minify(line["rows"]), simdjson::minify(json["rows"]));
}

// The embedding row goes with resid_post; KL is against the final row all the
// same, and the check compares it.
TEST_F(LensCommandTest, OtherSitesAloneHaveNoEmbeddingRow) {
  const element json = Parse(
      Lens({"c ab", "--sites", "mlp_out", "--target", "id=3", "--json", "-"}));
  ASSERT_EQ(json["rows"].get_array().size(), 2u);
  EXPECT_EQ(std::string_view(json["rows"].at(0)["site"]), "model.layers.0.mlp");
  EXPECT_GT(double(json["rows"].at(1)["cells"].at(0)["kl_to_final"]), 0.0);
  EXPECT_EQ(double(json["checks"]["max_abs_last_row_minus_logits"]), 0.0);
  EXPECT_EQ(json["targets"].at(0)["first_hit"].get_array().size(), 2u);
  EXPECT_THAT(Fails(2, {"c", "--sites", "mlp_out", "--layers", "embed"}),
              HasSubstr("nothing is left to show"));
  EXPECT_THAT(Fails(2, {"c", "--sites", "attn"}),
              HasSubstr("resid_post, resid_mid, attn_out, mlp_out"));
}

TEST_F(LensCommandTest, SkipFirstLeavesPositionsOutOfTheSummary) {
  const element whole = Parse(Lens({"--ids", "4,5,6", "--json", "-"}));
  const double last_entropy =
      double(whole["rows"].at(0)["cells"].at(2)["entropy"]);
  simdjson::dom::parser parser;
  const auto summary = [&](const char* skip) -> element {
    const CliOutcome run =
        Lens({"--ids", "4,5,6", "--skip-first", skip, "--json", "-"});
    return element(parser.parse(run.out))["summary"].at(0);
  };
  EXPECT_EQ(double(summary("2")["entropy"]), last_entropy);
  EXPECT_TRUE(summary("2")["next_logprob"].is_null());
  EXPECT_TRUE(summary("3")["entropy"].is_null());
  EXPECT_TRUE(summary("3")["top1_agree"].is_null());
  EXPECT_THAT(Fails(2, {"c", "--skip-first", "-1"}), HasSubstr("--skip-first"));
}

TEST_F(LensCommandTest, AnEmptyDestinationIsExit2) {
  for (const std::string option : {"--json", "--csv", "--plot", "--sites"}) {
    EXPECT_THAT(Fails(2, {"c ab", option + "="}),
                HasSubstr(option + ": needs a value"));
  }
}

TEST_F(LensCommandTest, IdsNeedNoTokenizer) {
  const element with = Parse(Lens({"--ids", "4,13", "--json", "-"}));
  EXPECT_TRUE(with["input"]["text"].is_null());
  EXPECT_EQ(std::string_view(with["input"]["tokens"].at(1)["text"]), " ab");
  model_ = testutil::TinyLlamaPath("mha_tied_f32");
  const element without = Parse(Lens({"--ids", "4,13", "--json", "-"}));
  EXPECT_TRUE(without["input"]["tokens"].at(1)["text"].is_null());
  EXPECT_THAT(Fails(3, {"text"}), HasSubstr("tokenizer"));
  EXPECT_THAT(Fails(3, {"--ids", "1", "--target", "a"}),
              HasSubstr("tokenizer"));
}

TEST_F(LensCommandTest, EverySourceOfAPromptGivesTheSame) {
  testutil::WriteFileBytes(dir_ / "p.txt", std::as_bytes(std::span("c ab", 4)));
  const auto rows = [&](std::vector<std::string> args, std::string input) {
    args.insert(args.end(), {"--csv", "-"});
    return Lens(std::move(args), std::move(input)).out;
  };
  const std::string want = rows({"c ab"}, "");
  EXPECT_NE(want, "");
  EXPECT_EQ(rows({"-"}, "c ab"), want);
  EXPECT_EQ(rows({"--file", dir_ / "p.txt"}, ""), want);
  EXPECT_EQ(rows({"--ids", "4,13"}, ""), want);
  EXPECT_EQ(rows({"--threads", "3", "c ab"}, ""), want);
}

TEST_F(LensCommandTest, TheTableIsTheDefault) {
  const CliOutcome run = Lens({"c ab"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_NE(run.out, "");
  EXPECT_EQ(run.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(Lens({"c ab", "--table"}).out, run.out);
  EXPECT_NE(Lens({"c ab", "--color", "always"}).out.find("\x1b["),
            std::string::npos);
}

TEST_F(LensCommandTest, ColorsAndWidthAreThoseOfTheTerminal) {
  CliRun run{{"lens", "-m", model_, "--ids", "4,5,6,7,8,9,10,11"}};
  run.out_terminal = {
      .is_terminal = true, .columns = 50, .colors = render::ColorMode::k256};
  const CliOutcome narrow = RunCliIn(run);
  EXPECT_EQ(narrow.exit_code, 0) << narrow.err;
  EXPECT_THAT(narrow.out, HasSubstr("\x1b["));
  run.out_terminal.no_color = true;
  EXPECT_EQ(RunCliIn(run).out.find('\x1b'), std::string::npos);
}

TEST_F(LensCommandTest, EveryOutputCanBeAFile) {
  const CliOutcome run =
      Lens({"c ab", "--json", dir_ / "f.json", "--csv", dir_ / "f.csv",
            "--plot", dir_ / "f.svg", "--table"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out, "");
  EXPECT_THAT(ReadFileText(dir_ / "f.json"), StartsWith("{"));
  EXPECT_THAT(ReadFileText(dir_ / "f.csv"), StartsWith("site,layer,position,"));
  EXPECT_THAT(ReadFileText(dir_ / "f.svg"), HasSubstr("<svg"));
  EXPECT_EQ(dir_.List().size(), 4u);  // and the model
}

TEST_F(LensCommandTest, FiguresInEveryFormat) {
  const CliOutcome run =
      Lens({"c ab", "--plot", dir_ / "f.png", "--plot-scale", "1",
            "--plot-target", dir_ / "f.pdf", "--target", "ab", "--target",
            "id=3", "--plot-target-positions", "all", "--metric", "rank"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "") << "no table beside a figure";
  EXPECT_THAT(ReadFileText(dir_ / "f.png"), StartsWith("\x89PNG"));
  EXPECT_THAT(ReadFileText(dir_ / "f.pdf"), StartsWith("%PDF-"));
  const CliOutcome out = Lens({"c ab", "--plot", "-", "--plot-format", "svg"});
  EXPECT_EQ(out.exit_code, 0) << out.err;
  EXPECT_THAT(out.out, HasSubstr("<svg"));
}

TEST_F(LensCommandTest, AFigureThatCannotBeLeavesNothing) {
  EXPECT_THAT(Fails(2, {"c ab", "--plot", dir_ / "f.svg", "--figure-size",
                        "1x1", "--max-positions", "2"}),
              HasSubstr("give a larger --figure-size"));
  EXPECT_THAT(Fails(2, {"c ab", "--plot-target", dir_ / "f.svg",
                        "--plot-target-positions", "0", "--positions", "1"}),
              HasSubstr("position 0 is not among --positions"));
  EXPECT_EQ(dir_.List(), std::vector<std::string>{"text.gguf"});
}

TEST_F(LensCommandTest, AnOutputThatCannotBeWrittenFailsFirst) {
  EXPECT_THAT(Fails(1, {"c ab", "--json", dir_ / "none/f.json"}),
              HasSubstr(dir_ / "none/f.json"));
  EXPECT_THAT(Fails(1, {"c ab", "--csv", dir_.path()}), HasSubstr(dir_.path()));
  EXPECT_EQ(dir_.List(), std::vector<std::string>{"text.gguf"});
}

TEST_F(LensCommandTest, WhatIsOutOfRangeIsExit2WithTheRange) {
  EXPECT_THAT(Fails(2, {"c ab", "--layers", "2"}), HasSubstr("--layers"));
  EXPECT_THAT(Fails(2, {"c ab", "--layers", "-3"}), HasSubstr("--layers"));
  EXPECT_THAT(Fails(2, {"c ab", "--layers", "5:9"}), HasSubstr("--layers"));
  EXPECT_THAT(Fails(2, {"c ab", "--positions", "2"}), HasSubstr("--positions"));
  EXPECT_THAT(Fails(2, {"c ab", "--top-k", "20"}), HasSubstr("19"));
  EXPECT_THAT(Fails(2, {"c ab", "--top-k", "0"}), HasSubstr("--top-k"));
  EXPECT_THAT(Fails(2, {"c ab", "--threads", "1025"}), HasSubstr("1 to 1024"));
  EXPECT_THAT(Fails(2, {"--ids", "19"}), HasSubstr("0 to 18"));
  EXPECT_THAT(Fails(2, {"c ab", "--target", "id=19"}), HasSubstr("0 to 18"));
  EXPECT_THAT(Fails(2, {"--ids", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"}),
              HasSubstr("17 tokens, but the model's context is 16"));
}

TEST_F(LensCommandTest, WhatIsNoPromptIsExit2) {
  EXPECT_EQ(Fails(2, {""}),
            "pellucid: error: lens: prompt: is empty: there are no tokens; "
            "give some text\n");
  EXPECT_THAT(Fails(2, {"a\xff"}), HasSubstr("invalid UTF-8 at byte 1 of 2"));
  EXPECT_THAT(Fails(2, {}), HasSubstr("there is none"));
  EXPECT_THAT(Fails(2, {"-5 degrees"}), HasSubstr("put -- before a text"));
  EXPECT_THAT(Fails(3, {"--file", dir_ / "none.txt"}),
              HasSubstr("input file not found"));
}

TEST_F(LensCommandTest, ATargetIsOneToken) {
  EXPECT_EQ(Fails(2, {"c", "--target", "ab c"}),
            "pellucid: error: lens: --target: \"ab c\" makes 3 tokens: \"ab\" "
            "(id 11), \" \" (id 10), \"c\" (id 4); give one token, or id=N\n");
  EXPECT_THAT(Fails(2, {"c", "--target", ""}), HasSubstr("makes 0 tokens;"));
  EXPECT_THAT(Fails(2, {"c", "--target", "id=x"}), HasSubstr("id=N"));
  const element json =
      Parse(Lens({"c", "--target", "id=3", "--target", "ab", "--json", "-"}));
  EXPECT_EQ(std::int64_t(json["targets"].at(0)["id"]), 3);
  EXPECT_EQ(std::int64_t(json["targets"].at(1)["id"]), 11);
}

TEST_F(LensCommandTest, ASecondBosIsLeftOutWithAWarning) {
  model_ = testutil::WriteTextModel(dir_, /*adds_bos=*/true);
  const CliOutcome run = Lens({"<s>ab", "--json", "-"});
  EXPECT_EQ(run.err,
            "pellucid: warning: tokenize: prompt: begins with the BOS token "
            "already; no second one is put before it\n");
  EXPECT_EQ(Parse(run)["input"]["tokens"].get_array().size(), 2u);
  const CliOutcome never = Lens({"ab", "--bos", "never", "--json", "-"});
  EXPECT_EQ(Parse(never)["input"]["tokens"].get_array().size(), 1u);
  EXPECT_EQ(never.err, "");
}

TEST_F(LensCommandTest, DamagedModelsAreExit3) {
  const std::string whole = ReadFileText(model_);
  const auto write = [&](std::string_view bytes) {
    model_ = dir_ / "bad.gguf";
    testutil::WriteFileBytes(model_, std::as_bytes(std::span(bytes)));
  };
  for (const std::size_t size : {0u, 3u, 4u, 20u, 100u, 1000u}) {
    write(std::string_view(whole).substr(0, size));
    EXPECT_THAT(Fails(3, {"ab"}), HasSubstr(model_));
  }
  write(std::string_view(whole).substr(0, whole.size() - 1));
  Fails(3, {"ab"});
  write("this is no model");
  Fails(3, {"ab"});
  std::string lying = whole;
  lying[8] = '\x7f';  // the count of tensors
  write(lying);
  Fails(3, {"ab"});
}

TEST_F(LensCommandTest, NumbersThatAreNoneNameTheirSite) {
  testutil::TinyLlama spoiled;
  spoiled.spoil = "blk.1.ffn_norm.weight";
  spoiled.spoil_value = std::numeric_limits<float>::infinity();
  model_ = dir_ / "inf.gguf";
  testutil::WriteFileBytes(model_, spoiled.Builder().Build());
  EXPECT_THAT(Fails(3, {"--ids", "1,2"}), HasSubstr("position 0"));
}

TEST_F(LensCommandTest, ManyPromptsGiveALineEachInOrder) {
  const std::string lines = "\"c ab\"\n{\"text\": \"a\"}\n{\"ids\": [4, 13]}\n";
  const CliOutcome run = Lens({"--jsonl", "-"}, lines);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::vector<element> found;
  std::vector<simdjson::dom::parser> parsers(3);
  std::size_t begin = 0;
  for (simdjson::dom::parser& parser : parsers) {
    const std::size_t end = run.out.find('\n', begin);
    ASSERT_NE(end, std::string::npos);
    found.push_back(parser.parse(run.out.substr(begin, end - begin)));
    begin = end + 1;
  }
  EXPECT_EQ(begin, run.out.size());
  EXPECT_EQ(std::string_view(found[0]["input"]["text"]), "c ab");
  EXPECT_EQ(found[1]["input"]["tokens"].get_array().size(), 1u);
  EXPECT_TRUE(found[2]["input"]["text"].is_null());
  const element alone = Parse(Lens({"c ab", "--json", "-"}));
  for (const element one : {found[0], found[2]}) {
    EXPECT_EQ(simdjson::minify(one["rows"]), simdjson::minify(alone["rows"]));
  }
}

// The data of the page in `path`.
std::string PageData(const std::string& path) {
  const std::string page = ReadFileText(path);
  const std::string slot = "id=\"pellucid-data\">";
  const std::size_t begin = page.find(slot) + slot.size();
  return page.substr(begin, page.find("</script>", begin) - begin);
}

TEST_F(LensCommandTest, APageHoldsTheRun) {
  const CliOutcome run = Lens({"c ab", "--html", dir_ / "a.html"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, StartsWith("pellucid: page: "));
  const std::string data = PageData(dir_ / "a.html");
  element page;
  ASSERT_EQ(parser_.parse(data).get(page), simdjson::SUCCESS);
  ExpectKeys(page, {"schema", "version", "kind", "runs"});
  ASSERT_EQ(page["runs"].get_array().size(), 1u);
  const element one = page["runs"].at(0);
  ExpectKeys(one, {"label", "version", "model", "run", "lens", "input", "top_k",
                   "rows", "positions", "targets", "blocks", "summary",
                   "checks", "timing"});
  EXPECT_TRUE(one["label"].is_null());
  EXPECT_EQ(simdjson::minify(one["top_k"]), "10");
}

TEST_F(LensCommandTest, APageBesideATableChangesNeither) {
  const CliOutcome table = Lens({"c ab", "--table", "--top-k", "10"});
  const CliOutcome both =
      Lens({"c ab", "--table", "--top-k", "10", "--html", dir_ / "both.html"});
  EXPECT_EQ(both.out, table.out);
  ASSERT_EQ(Lens({"c ab", "--html", dir_ / "alone.html"}).exit_code, 0);
  element beside, alone;
  simdjson::dom::parser second;
  const std::string text = PageData(dir_ / "both.html");
  const std::string text_alone = PageData(dir_ / "alone.html");
  ASSERT_EQ(parser_.parse(text).get(beside), simdjson::SUCCESS);
  ASSERT_EQ(second.parse(text_alone).get(alone), simdjson::SUCCESS);
  EXPECT_EQ(simdjson::minify(beside["runs"].at(0)["blocks"]),
            simdjson::minify(alone["runs"].at(0)["blocks"]));
}

TEST_F(LensCommandTest, APageOfManyPromptsHoldsThemInOrder) {
  const CliOutcome run = Lens({"--jsonl", "-", "--html", dir_ / "a.html"},
                              "\"c ab\"\n{\"ids\": [1, 2]}\n\"a\"\n");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  element page;
  const std::string data = PageData(dir_ / "a.html");
  ASSERT_EQ(parser_.parse(data).get(page), simdjson::SUCCESS);
  std::vector<std::string> texts;
  for (const element one : page["runs"].get_array()) {
    texts.push_back(simdjson::minify(one["input"]["text"]));
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"\"c ab\"", "null", "\"a\""}));
}

TEST_F(LensCommandTest, ABadLineLeavesNoFile) {
  const std::string lines = "\"c ab\"\n\"\"\n";
  EXPECT_THAT(Fails(2, {"--jsonl", "-", "--json", dir_ / "f.jsonl"}, lines),
              StartsWith("pellucid: error: lens: standard input line 2: "));
  EXPECT_EQ(dir_.List(), std::vector<std::string>{"text.gguf"});
}

TEST_F(LensCommandTest, ErrorsOfALineHaveOnePrefix) {
  const auto error = [&](const std::string& line,
                         std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--jsonl", "-", "--json", dir_ / "f.jsonl"});
    return Fails(2, std::move(more), "\"c ab\"\n" + line + "\n");
  };
  const std::string front = "pellucid: error: lens: standard input line 2: ";
  EXPECT_EQ(error("\"\""), front +
                               "is empty: there are no tokens; give some "
                               "text\n");
  EXPECT_EQ(error("{\"ids\": [19]}"),
            front +
                "token id 19: is not within the model's vocabulary; choose "
                "one of 0 to 18\n");
  EXPECT_EQ(error("[1]"), front +
                              "no prompt, or two; write a JSON string, "
                              "{\"text\": \"...\"} or {\"ids\": [...]}\n");
  EXPECT_EQ(error("{\"ids\": [1]}", {"--positions", "1"}),
            front +
                "--positions: index 1 is out of range; there are 1, "
                "numbered 0 to 0 or -1 to -1\n");
  // What is wrong with an option is no line's fault.
  EXPECT_EQ(error("\"a\"", {"--layers", "2"}),
            "pellucid: error: lens: --layers: index 2 is out of range; there "
            "are 2, numbered 0 to 1 or -2 to -1\n");
  EXPECT_THAT(error("\"a\"", {"--top-k", "20"}),
              StartsWith("pellucid: error: lens: top-k 20: "));
}

TEST_F(LensCommandTest, ASecondBosOfALineIsNamed) {
  model_ = testutil::WriteTextModel(dir_, /*adds_bos=*/true);
  EXPECT_EQ(Lens({"--jsonl", "-"}, "\"a\"\n\"<s>ab\"\n").err,
            "pellucid: warning: tokenize: standard input line 2: begins with "
            "the BOS token already; no second one is put before it\n");
}

TEST_F(LensCommandTest, AnInterruptLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  CliRun run{{"lens", "-m", model_, "c ab", "--json", dir_ / "f.json"}};
  run.stop = stop.get_token();
  const CliOutcome outcome = RunCliIn(run);
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(dir_.List(), std::vector<std::string>{"text.gguf"});
}

TEST(LensDefaultModelTest, ParisIsTheAnswer) {
  if (!testutil::HasDefaultModel()) GTEST_SKIP() << "no default model here";
  const CliOutcome run = RunCli({"lens", "-m", testutil::DefaultModelPath(),
                                 "The capital of France is", "--positions",
                                 "last", "--target", " Paris", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  simdjson::dom::parser parser;
  const element json = parser.parse(run.out);
  ASSERT_EQ(json["rows"].get_array().size(), 31u);
  const element top = json["rows"].at(30)["cells"].at(0)["top"].at(0);
  EXPECT_EQ(std::string_view(top["text"]), " Paris");
  EXPECT_NEAR(double(top["prob"]), 0.7725, 1e-4);
}

}  // namespace
}  // namespace pellucid::cli
